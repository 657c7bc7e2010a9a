"""A finding in full: what, why it matters, what to do, and the raw lines behind it."""

from textual.content import Content

from console.model.snapshot import Finding
from widgets.drawn import words
from widgets.plain import many_lines, one_line
from widgets.signs import SEVERITY_TONES


def finding_details(finding: Finding) -> Content:
    """For the screen."""
    tone = SEVERITY_TONES[finding.severity]
    where = f" on {one_line(finding.node, 30)}" if finding.node else ""
    parts: list[Content | tuple[str, str] | str] = [
        (f"{tone.sign} {finding.severity.value}", tone.loud),
        (f"   {one_line(finding.id, 20)}{where}\n\n", "dim"),
        words(finding.what, "bold"),
        "\n",
    ]
    for title, text in (("why it matters", finding.why), ("what to do", finding.todo)):
        if text:
            parts += [(f"\n{title}\n", "dim"), many_lines(text), "\n"]
    if finding.raw:
        parts += [("\nbehind it\n", "dim"), many_lines(finding.raw[:4000])]
    return Content.assemble(*parts)


def finding_text(finding: Finding) -> str:
    """For the clipboard and the raw view."""
    lines = [
        f"{finding.severity} {finding.id} {finding.node or ''}".rstrip(),
        finding.what,
        f"why: {finding.why}",
        f"do: {finding.todo}",
        finding.raw,
    ]
    return "\n".join(line for line in lines if line)
