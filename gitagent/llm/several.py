"""Several answers out of one stream: the prompt is read once, and the answers grow side by side.

An answer that is whole can be judged while the others are still being written. Where it is good
enough the rest is left unread, which ends the work on it at a server that looks whether anybody
still listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from gitagent.domain.call import Further, Reply, Usage
from gitagent.errors import BadReply, ProviderUnavailable
from gitagent.llm.answer import Answer, usage_of
from gitagent.llm.events import Broken

SPARE = 64
"""Pieces, which are tokens at most servers, that an answer may have beyond twice the others'."""
MOST = 64
"""Answers to one request; an index beyond that is none that was asked for."""


class Several:
    """As `llm.answer.Answer`, for a request that wants `wanted` answers. `one` makes what collects
    one of them, given what is told of its length; `enough` is asked of each that is whole, while
    `paused` holds the clocks.
    """

    def __init__(
        self,
        wanted: int,
        one: Callable[[Callable[[int], None]], Answer],
        on_text: Callable[[int], None],
        enough: Callable[[str], bool] | None,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.request_id = ""
        self.over = False
        """Whether nothing more need be read."""
        self._wanted = min(wanted, MOST)
        self._one = one
        self._on_text = on_text
        self._enough = enough
        self._paused = paused
        self._answers: dict[int, Answer] = {}
        self._lengths: dict[int, int] = {}
        self._pieces: dict[int, int] = {}
        self._whole: list[int] = []
        self._unjudged: list[int] = []
        self._counted: list[Usage] = []
        self._running: Usage | None = None
        self._judging = 0.0
        self._ended: set[int] = set()

    @property
    def begun(self) -> bool:
        return any(answer.begun for answer in self._answers.values())

    def add(self, payload: Any) -> bool:
        """Take a chunk or a document; whether a model wrote any of it. Raises Broken."""
        if not isinstance(payload, dict) or not isinstance(payload.get("choices"), list | None):
            raise Broken
        behind = self._unjudged  # the count of an answer comes right behind its end
        self._unjudged = []
        choices = [each for each in payload.get("choices") or () if isinstance(each, dict)]
        self._count(usage_of(payload), alone=not choices)
        if not choices:
            self._of(0).add(payload)
        wrote = [self._take(payload, choice) for choice in choices]
        for index in behind:
            self._judge(index)
        self.over = self.over or self._straggles() or self._none_left()
        return any(wrote)

    def reply(self) -> Reply:
        """All answers that are whole, in the order in which they became so.

        Raises what the first of them is in place of an answer where none can be used.
        """
        found: list[Reply] = []
        bad: BadReply | None = None
        for index in self._whole:
            try:
                found.append(self._of(index).reply())
            except BadReply as error:
                bad = bad or error
        usage = self._usage()
        if not found:
            if bad is None:
                return self._of(0).reply()
            if bad.reply:
                bad.reply = replace(bad.reply, usage=usage)
            raise bad
        first, *others = found
        return replace(
            first,
            usage=usage,
            request_id=self.request_id,
            seconds=max(reply.seconds for reply in found) - self._judging,
            others=tuple(Further(other.text, other.finish_reason) for other in others),
        )

    def _take(self, payload: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
        index = choice.get("index") or 0
        if not isinstance(index, int) or not 0 <= index < self._wanted:
            return False
        answer = self._of(index)
        if choice.get("finish_reason"):
            self._ended.add(index)
        wrote = answer.add({**payload, "choices": [choice], "usage": None})
        self._pieces[index] = self._pieces.get(index, 0) + wrote
        if answer.ended and index not in self._whole:
            self._whole.append(index)
            if not answer.over:
                self._unjudged.append(index)
        return wrote

    def _judge(self, index: int) -> None:
        if self._enough is None or self.over or len(self._whole) == self._wanted:
            return
        try:
            reply = self._of(index).reply()
        except (BadReply, ProviderUnavailable):
            return
        if reply.cut:
            return
        began = time.monotonic()
        with self._paused():
            self.over = self._enough(reply.text)
        self._judging += time.monotonic() - began

    def _straggles(self) -> bool:
        """Whether what is left runs on and on: half of the answers are whole, and each other one
        is twice as long as the longest of them. Only where nobody is paid for the rest."""
        sound = set(self._whole).difference(self._given_up)
        if self._enough is None or self._unjudged or 2 * len(sound) < self._wanted:
            return False
        left = [n for index, n in self._pieces.items() if index not in self._whole]
        longest = max(self._pieces.get(index, 0) for index in sound)
        begun = len(left) + len(self._whole)
        return begun == self._wanted and all(n > 2 * longest + SPARE for n in left) and bool(left)

    def _none_left(self) -> bool:
        """Whether only what was given up is still being written."""
        given_up = self._given_up
        return bool(given_up) and not self._unjudged and len(self._whole) == self._wanted

    @property
    def _given_up(self) -> list[int]:
        """Answers whose end nobody waited for."""
        return [index for index, answer in self._answers.items() if answer.over]

    def _of(self, index: int) -> Answer:
        if index not in self._answers:

            def told(length: int) -> None:
                self._lengths[index] = length
                self._on_text(sum(self._lengths.values()))

            self._answers[index] = self._one(told)
            self._answers[index].request_id = self.request_id
        return self._answers[index]

    def _count(self, usage: Usage | None, *, alone: bool) -> None:
        """Some count each answer by itself, behind it; some all of them, as they go or at the
        end."""
        if usage is None:
            return
        if alone:
            self._counted.append(usage)
        else:
            self._running = usage

    def _usage(self) -> Usage:
        """What was counted; of answers that nobody waited for, a token for each piece."""
        if not self._counted:
            running = self._running or Usage()
            written = max(running.completion, sum(self._pieces.values()))
            return replace(running, completion=written) if running.prompt else running
        most = max(self._counted, key=lambda usage: usage.prompt)
        counted = set(self._whole).difference(set(self._given_up) - self._ended)
        left = sum(n for index, n in self._pieces.items() if index not in counted)
        written = sum(usage.completion for usage in self._counted)
        return replace(most, completion=written + left)
