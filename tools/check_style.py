#!/usr/bin/env python3
"""check_style.py - include direction, lengths, first lines, comments in headers, formatting.

Prints `ok`, `FAIL` or `skipped` lines; exit 1 when a rule is broken."""
import os
import re
import shutil
import subprocess
import sys

LINES_MAX = 500
FUNCTION_MAX = 60

# Which folder may include which: its own and those named.  Arrows point down only.
ALLOWED = {
    "base": set(),
    "crypto": {"base"},
    "history": {"base"},
    "consensus": {"base", "crypto"},
    "ledger": {"base", "crypto"},
    "tiers": {"base", "crypto", "ledger"},
    "services": {"base", "crypto", "ledger", "tiers"},
    "group": {"base", "crypto", "consensus", "ledger", "tiers", "services"},
    "sim": {"base", "crypto", "consensus", "ledger", "tiers", "services", "group"},
    "lab": {"base", "crypto", "consensus", "ledger", "tiers", "services", "group", "sim"},
    "node": {"base", "crypto", "consensus", "ledger", "tiers", "services", "group"},
    "doors": {"base", "crypto", "consensus", "ledger", "tiers", "services", "group", "node"},
    "vsync": {"base", "crypto", "ledger", "services", "doors"},
    "profile": {"base"},
    "device": {"base", "crypto", "ledger"},
    "home": {"base", "crypto", "ledger", "services", "node", "doors", "profile", "device"},
    "cli": {"base", "crypto", "history", "consensus", "ledger", "tiers", "services", "group", "node",
            "doors", "profile", "device"},
}
# Files that must not be seen from above: a main of a program joins what its layer may not.
PROGRAM = re.compile(r"_(test|fuzz|main|tool)\.c$")

# Headers of tests, in which names alone may speak.
OF_TESTS = re.compile(r"(^|/)(test|fake)\w*\.h$|_(test|fake|house|world)\.h$")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
FUNCTION = re.compile(r"(?!typedef|_Static_assert)[^=({]*?(\w+)\s*\(")
ABOVE, INSIDE = "\1", "\2"  # stand for a comment: its first line, and each further one

failures = 0


def result(bad, text):
    global failures
    if bad:
        failures += 1
        print("FAIL " + text)
        for line in bad[:20]:
            print("     " + line)
    else:
        print("ok " + text)


def sources():
    out = subprocess.run(["git", "ls-files", "src", "tests"], capture_output=True, text=True, check=True)
    return [p for p in out.stdout.split() if p.endswith((".c", ".h")) and os.path.exists(p)]


def functions(lines):
    """(line, length) of every function: from the brace in column 0 to its end."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start:
            yield start, number - start + 1
            start = None


def without_comments(text):
    """The lines of a header: ABOVE where a comment begins, nothing where the preprocessor reads."""
    text = re.sub(r"/\*.*?\*/", lambda found: ABOVE + ("\n" + INSIDE) * found.group().count("\n"),
                  text, flags=re.S)
    return re.sub(r"^#(.*\\\n)*.*", lambda found: "\n" * found.group().count("\n"), text,
                  flags=re.M).split("\n")


def bare_functions(text):
    """(line, name) of every function that is declared with no comment on its lines, right above it,
    or right above the functions that it follows with no blank line in between."""
    lines = without_comments(text)
    covered, depth, number = False, 0, 0
    while number < len(lines):
        start, line = number, lines[number]
        if depth == 0 and line.startswith(ABOVE):
            covered = True
        elif depth == 0 and re.match(r"[A-Za-z_]", line):
            while not re.search(rf"[;{{]\s*{ABOVE}?$", lines[number]) and number + 1 < len(lines):
                number += 1
                line += " " + lines[number]
            function = FUNCTION.match(ATTRIBUTE.sub("", line))
            if function and not covered and ABOVE not in line:
                yield start + 1, function.group(1)
            covered = covered and bool(function)
            depth += line.count("{") - line.count("}")
        else:
            if depth == 0 and not line.startswith(INSIDE):
                covered = False
            depth += line.count("{") - line.count("}")
        number += 1


def comments_missing(text):
    """Functions of headers that have no comment."""
    return [f"{path}:{line}: {name}" for path in sorted(text)
            if path.endswith(".h") and not OF_TESTS.search(path)
            for line, name in bare_functions(text[path])]


def main():
    paths = sources()
    text = {p: open(p, encoding="utf-8").read() for p in paths}
    direction, first, long_files, long_functions, wide, words = [], [], [], [], [], []
    for path in paths:
        lines = text[path].split("\n")
        folder = path.split("/")[1]
        for number, line in enumerate(lines, 1):
            found = re.match(r'#include "([^"/]+)/', line)
            if found and not PROGRAM.search(path):
                target = found.group(1)
                if target != folder and target not in ALLOWED.get(folder, set()):
                    direction.append(f"{path}:{number}: {folder} may not include {target}")
            if len(line.expandtabs(8)) > 100:
                wide.append(f"{path}:{number}: {len(line.expandtabs(8))} columns")
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                words.append(f"{path}:{number}: {line.strip()}")
        name = os.path.basename(path)
        if not lines[0].startswith(f"/* {name} - "):
            first.append(f"{path}: the first line is not '/* {name} - what this is'")
        if len(lines) - 1 > LINES_MAX:
            long_files.append(f"{path}: {len(lines) - 1} lines")
        for start, length in functions(lines):
            if length > FUNCTION_MAX:
                long_functions.append(f"{path}:{start}: {length} lines")
    result(direction, "includes point down only")
    result(first, "every file says in its first line what it is")
    result(long_files, f"no file over {LINES_MAX} lines")
    result(long_functions, f"no function over {FUNCTION_MAX} lines")
    result(wide, "no line over 100 columns")
    result(words, "no work is left as a remark in the code")
    result(comments_missing(text), "every function of a header has a comment")
    if shutil.which("clang-format"):
        run = subprocess.run(["clang-format", "--dry-run", "--Werror", *paths],
                             capture_output=True, text=True)
        bad = sorted({l for l in run.stderr.split("\n") if "error:" in l}) if run.returncode else []
        result(bad, "clang-format has nothing to change")
    else:
        print("skipped clang-format is not installed")
    return 1 if failures else 0


sys.exit(main())
