"""Writes each result and the final counts as one JSON object a line to the file $RESULT_LINES."""

import json
import os

from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: result_lines
    type: stdout
    short_description: one JSON object a line
    description: For the differential tests of playbooks.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "result_lines"

    def __init__(self):
        super().__init__()
        self.lines = open(os.environ["RESULT_LINES"], "a", buffering=1)
        self.play = ""
        # Whether the last loop of (task, host) told of its items: then the whole is not told again.
        self.looped = set()

    def write(self, **line):
        self.lines.write(json.dumps(line, default=str) + "\n")

    def told(self, result, status, ignored=False, item=False):
        key = (result.task._uuid, result.host.name)
        if item:
            self.looped.add(key)
        elif key in self.looped:
            self.looped.discard(key)
            return
        if isinstance(result.task, TaskInclude) and status in ("ok", "changed"):
            return
        data = dict(result.result)
        if status == "ok" and data.get("changed"):
            status = "changed"
        diff = self.shown_diff(data) if result.task.diff else ""
        line = {
            "event": "host_result",
            "play": self.play,
            "task": result.task.get_name().strip(),
            "action": result.task.action.removeprefix("ansible.builtin."),
            "host": result.host.name,
            "status": status,
            "ignored": bool(ignored),
            "diff": diff,
            "result": data,
        }
        if item:
            line["item"] = data.get("_ansible_item_label")
        self.write(**line)

    def shown_diff(self, data):
        found = data.get("diff")
        try:
            return self._get_diff(found) if found and self._get_diff(found) else ""
        except Exception:  # A module's diff may be of any form.
            return str(found)

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name().strip()

    def v2_runner_on_ok(self, result):
        self.told(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.told(result, "failed", ignored=ignore_errors)

    def v2_runner_on_skipped(self, result):
        self.told(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.told(result, "unreachable")

    def v2_runner_item_on_ok(self, result):
        self.told(result, "ok", item=True)

    def v2_runner_item_on_failed(self, result):
        self.told(result, "failed", item=True)

    def v2_runner_item_on_skipped(self, result):
        self.told(result, "skipped", item=True)

    def v2_playbook_on_stats(self, stats):
        hosts = sorted(stats.processed)
        self.write(event="run_finished", stats={host: stats.summarize(host) for host in hosts})
