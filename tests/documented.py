"""documented.py - what docs/commands.md says of `--json`, held against what a command printed."""
import json
import os
import re

from network import ROOT

PAGE = os.path.join(ROOT, "docs", "commands.md")


def keys(command):
    """Those of a command's object, as the page has them: (always, perhaps)."""
    with open(PAGE, encoding="utf-8") as page:
        lines = [line.strip("| \n").split(" | ", 1) for line in page if line.startswith("| `")]
    rows = dict(lines)
    assert len(rows) == len(lines), "docs/commands.md has two rows of one command"
    always, _, perhaps = re.sub(r"\([^)]*\)", "", rows[f"`{command}`"]).partition("perhaps")
    return tuple(set(re.findall(r"`(\w+)`", part)) for part in (always, perhaps))


def not_events(text):
    """The first line of a standard error that is no event; "" when all are, and there is one."""
    for line in text.splitlines() or [""]:
        try:
            if not {"time", "level", "event"} <= set(json.loads(line)):
                return line
        except ValueError:
            return line or "nothing"
    return ""


def wrong(command, text):
    """What of a command's standard output is not as the page says; "" when all is."""
    always, perhaps = keys(command)
    try:
        said = json.loads(text)
    except ValueError as error:
        return f"{error}: {text[:300]!r}"
    if not isinstance(said, dict):
        return f"no object: {text[:300]!r}"
    lacks, more = always - set(said), set(said) - always - perhaps
    return f"lacks {sorted(lacks)}, has {sorted(more)}" if lacks or more else ""
