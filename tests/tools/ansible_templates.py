"""Answers what ansible-core makes of many templates, from one process.

Reads one JSON object a line, {"vars": {...}, "questions": [{"kind": ..., "text": ...}, ...]}, and
writes one list a line, of {"value": ...} or {"error": "..."}, in the order of the questions. A kind
is `template`, `condition`, or `file` for the content of a template file in the working directory.
Variables and templates are trusted, as those of a playbook are.
"""

import json
import os
import sys

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

# Where the template action looks for what a template includes.
SEARCH_PATH = [os.getcwd(), os.path.join(os.getcwd(), "templates")]


def trusted(value):
    """The value with every text in it marked as a template of the operator's."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(item) for item in value]
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return value


def rendered_file(templar, text):
    """The text as the template action renders a file."""
    templar = templar.copy_with_new_env(searchpath=SEARCH_PATH)
    overrides = {"trim_blocks": True, "lstrip_blocks": False}
    value = templar.template(text, escape_backslashes=False, overrides=overrides)
    return "" if value is None else str(value)


def answer(templar, question):
    try:
        text = trust_as_template(question["text"])
        if question["kind"] == "condition":
            value = templar.evaluate_conditional(text)
        elif question["kind"] == "file":
            value = rendered_file(templar, text)
        else:
            value = templar.template(text)
        return {"value": json.loads(json.dumps(value))}
    except Exception as error:  # whatever it is, Ansible refuses
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    init_plugin_loader()
    for line in sys.stdin:
        asked = json.loads(line)
        answers = []
        for question in asked["questions"]:
            # Anew each time: some templates change their variables.
            templar = Templar(loader=DataLoader(), variables=trusted(asked["vars"]))
            answers.append(answer(templar, question))
        print(json.dumps(answers), flush=True)
