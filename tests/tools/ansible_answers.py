"""Answers many questions to Ansible's command line tools from one process.

Reads one JSON object a line, {"tool": "ansible-inventory", "arguments": [...], "directory": "..."},
and writes one a line, {"code": 0, "stdout": "...", "stderr": "..."}, in the same order. Starting
Ansible takes a second; a fork of a started one takes a hundredth of that.
"""

import json
import os
import sys
import tempfile


def answer(question):
    """Runs the tool in a child, so that no question leaves a trace in the next."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.chdir(question["directory"])
            os._exit(run(question["tool"], question["arguments"]))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        return {"code": code, "stdout": out.read().decode(), "stderr": err.read().decode()}


def run(tool, arguments):
    code = 99
    try:
        TOOLS[tool].cli_executor([tool, *arguments])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    questions = [json.loads(line) for line in sys.stdin]
    from ansible.cli.adhoc import AdHocCLI
    from ansible.cli.inventory import InventoryCLI

    TOOLS = {"ansible": AdHocCLI, "ansible-inventory": InventoryCLI}
    for question in questions:
        print(json.dumps(answer(question)), flush=True)
