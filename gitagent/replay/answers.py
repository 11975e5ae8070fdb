"""The model of a replay: it answers what it answered then, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitagent.domain.call import Call, Reply, Request
from gitagent.domain.codec import from_json
from gitagent.errors import BudgetExceeded, ContextOverflow, Ending, ProviderError
from gitagent.llm.exchange import reply_name
from gitagent.llm.journal import BAD, overflowed
from gitagent.ports import ModelProfile
from gitagent.replay.course import Course
from gitagent.replay.difference import Difference, in_prompt
from gitagent.replay.record import Past

ANSWERED = ("ok", "length")
Read = Callable[[str], bytes | None]


class RecordedModel:
    """Implements ports.Model out of the calls that a run had; `read` gives the log's files."""

    def __init__(self, past: Past, read: Read, course: Course, *, planner: bool = False) -> None:
        self._past = past
        self._read = read
        self._course = course
        self.profile = _profile(past, planner=planner)

    def complete(self, request: Request) -> Reply:
        """The recorded reply.

        Raises what the run met in place of one: ProviderError, BudgetExceeded, Cut; Elsewhere
        where it asked no such question.
        """
        calls = [call for call in self._past.closing.calls if call.key == request.key]
        if too_long := overflowed(calls, request):
            raise ContextOverflow(too_long.error)
        calls = [call for call in calls if call.status != "overflow"]
        for call in calls:
            self._compare(call, request)
        for call in calls:
            data = self._read(reply_name(call.seq)) if call.status in ANSWERED else None
            if data is not None:
                self._course.took(call)
                return from_json(data, Reply)
        raise self._silence(request, calls)

    def _compare(self, call: Call, request: Request) -> None:
        """Only with what this run itself asked: an earlier one may have had another model."""
        if call not in self._past.calls:
            return
        where = f"call {call.seq}"
        data = self._read(f"exchange/{call.seq:04}.request.json")
        if data is None:
            found: Difference | None = Difference("prompt", where, "its question was not kept")
        else:
            found = in_prompt(where, from_json(data, Request), request)
        self._course.findings.asked[call.seq] = found is None
        self._course.findings.add(found)

    def _silence(self, request: Request, calls: Sequence[Call]) -> BaseException:
        """What the run met where there is no answer: it had none either, or never asked."""
        recorded = self._past.closing
        if recorded.ending is Ending.BUDGET:
            return BudgetExceeded(recorded.message)
        failed = [call for call in calls if call.status in ("error", *BAD)]
        if recorded.ending is Ending.PROVIDER and failed:
            return BAD.get(failed[-1].status, ProviderError)(failed[-1].error)
        return self._course.leaving(
            "answer", _place(request), "nothing was asked here, or not answered"
        )


def _place(request: Request) -> str:
    return f"{request.phase} {request.step}.{request.attempt}"


def _profile(past: Past, *, planner: bool) -> ModelProfile:
    provider, _, name = past.run.model.partition("/")
    settings = past.settings
    return ModelProfile(
        name,
        provider,
        settings.window,
        settings.max_output,
        settings.rules.edit_format,
        settings.weak if not planner or settings.weak_planner is None else settings.weak_planner,
        takes_n=settings.takes_n,
    )
