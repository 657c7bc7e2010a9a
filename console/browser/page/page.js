// Keys go where they are wanted without a click: to the terminal once it is drawn, to the link once it is over.
"use strict";
const drawn = new MutationObserver(() => {
  const now = document.body.classList;
  if (now.contains("-closed")) {
    document.querySelector(".ended a").focus();
    drawn.disconnect();
  } else if (now.contains("-first-byte") && document.activeElement === document.body) {
    document.querySelector(".xterm-helper-textarea").focus();
  }
});
drawn.observe(document.body, { attributes: true, attributeFilter: ["class"] });
