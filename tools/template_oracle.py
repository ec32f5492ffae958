# SPDX-License-Identifier: Apache-2.0
"""What transformers makes of a chat template: the oracle of check_templates.py and make_template_fixtures.py.

Needs Python 3 with transformers and jinja2 (python -m pip install transformers jinja2).
"""
import datetime
import json
import subprocess

import jinja2
from transformers.utils import chat_template_utils

NOW = datetime.datetime(2025, 3, 9, 7, 5, 2)


class FixedTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat_template_utils.datetime = FixedTime


def now_fields():
    """The time as the test program reads it."""
    t = NOW.timetuple()
    return [t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (t.tm_wday + 1) % 7, t.tm_yday - 1]


def render(template, variables):
    """("text", text), ("raise", message) for the template's own raise_exception, or ("error", message)."""
    try:
        # a copy, as callers pass fresh data each time
        text = chat_template_utils._compile_jinja_template(template).render(**json.loads(json.dumps(variables)))
        text.encode("utf-8")
        return "text", text
    except Exception as error:  # whatever a template can make Python raise
        if type(error) is jinja2.exceptions.TemplateError:
            return "raise", str(error)
        return "error", f"{type(error).__name__}: {error}"


class Minnow:
    """The test program as a filter: one request, one answer."""

    def __init__(self, program):
        self.process = subprocess.Popen(program + ["lines"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self, template, variables):
        request = {"template": template, "variables": variables, "now": now_fields()}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the test program ended")
        return json.loads(line)

    def render(self, template, variables):
        answer = self.answer(template, variables)
        if answer["status"] == "ok":
            return "text", answer["text"]
        if answer["status"] == "usage":
            return "raise", answer["message"]
        return "error", f"{answer['status']}: {answer.get('message')}"
