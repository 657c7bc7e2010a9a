"""The command line of ssh(1) and scp(1), as far as the lab's machines use it."""

from dataclasses import dataclass, field

from console.lab.call import Call

FLAGS = "46AaCfGgKkMNnqsTtVvXxYy"
VALUED = "B:b:c:D:E:e:F:I:i:J:L:l:m:O:o:p:Q:R:S:W:w:"


class Usage(Exception):
    """The arguments make no sense; the argument says why."""


@dataclass
class Settings:
    """What was asked for."""

    host: str = ""
    user: str = ""
    port: int = 22
    identities: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    command: list[str] = field(default_factory=list)

    def yes(self, name: str) -> bool:
        """Whether an option is turned on."""
        return self.options.get(name, "no").lower() in ("yes", "true")

    @property
    def known_as(self) -> str:
        """The name that stands for the host in known_hosts."""
        if alias := self.options.get("hostkeyalias"):
            return alias
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"

    def seconds(self, name: str, otherwise: float) -> float:
        """An option that is a number."""
        value = self.options.get(name, "")
        return float(value) if value.isdigit() and value != "0" else otherwise


def read_settings(call: Call, flags: str = FLAGS, valued: str = VALUED) -> Settings:
    """Read the arguments up to the host (ssh) or the first operand (scp: they are left in `command`)."""
    settings = Settings(user=call.user)
    words = list(call.arguments)
    while words and (word := words[0]).startswith("-") and len(word) > 1:
        words.pop(0)
        if word == "--":
            break
        at = 1
        while at < len(word):
            letter = word[at]
            at += 1
            if f"{letter}:" in valued:
                value = word[at:] or (words.pop(0) if words else "")
                if not value:
                    raise Usage(f"option requires an argument -- {letter}")
                _value(settings, letter, value)
                break
            if letter not in flags:
                raise Usage(f"unknown option -- {letter}")
            settings.flags.add(letter)
    settings.command = words
    return settings


def aim(settings: Settings, host: str) -> None:
    """Take `[ssh://][user@]host[:port]` as the machine to go to."""
    host = host.removeprefix("ssh://")
    user, at, host = host.rpartition("@")
    if at:
        settings.user = user
    settings.host = host


def _value(settings: Settings, letter: str, value: str) -> None:
    if letter == "i":
        settings.identities.append(value)
    elif letter == "l":
        settings.user = value
    elif letter in "pP" and value.isdigit():
        settings.port = int(value)
    elif letter == "o":
        name, _, setting = value.replace("=", " ", 1).partition(" ")
        name, setting = name.lower(), setting.strip()
        if name == "identityfile":
            settings.identities.append(setting)
        elif name == "port" and setting.isdigit():
            settings.port = int(setting)
        elif name == "user":
            settings.user = setting
        else:
            settings.options.setdefault(name, setting)
