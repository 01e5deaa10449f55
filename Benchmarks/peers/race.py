"""Measurements in which contestants take turns."""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Callable

from session import Contestant, ContestError, Run, Session, thread_counts
from workloads import Workload

FIRST_TOLERANCE = 2e-3  # relative, of the loss after a few steps: one ReLU that rounding turns on or off moves it by 5e-4
LAST_TOLERANCE = 5e-2  # relative, of the last losses' mean over the rounds: after 10⁴ steps of Adam rounding moves a single batch's loss by as much
# The same for products in bfloat16. Rounding a number to its 8 bits changes it by up to 2⁻⁸ = 4e-3. A batch's mean loss moves less, unless many roundings go the
# same way: by 5e-4 at most in the first steps of the six networks, and by 2e-2 in the mean of tab64's last losses (a Xeon with AMX, 2026-11-26).
BFLOAT16_FIRST_TOLERANCE, BFLOAT16_LAST_TOLERANCE = 1e-2, 1e-1
HIGHEST_SHARE = 1.05  # of the limit: more than 1 by what the processor's clock may change between the two measurements
FIRST_STEPS = 3
PAUSE = 0.2  # seconds


@dataclass(frozen=True)
class Pace:
    """How long a race is."""

    rounds: int = 5
    turn: float = 0.2  # seconds that the Swift program trains in a round
    limit: float = 25.0  # seconds that the slowest contestant may train in all rounds


@dataclass
class Entry:
    """What a contestant did in a race."""

    name: str
    threads: int
    version: str
    kernels: str | None
    exact: bool  # whether it computes in the workload's precision
    first_loss: float
    runs: list[Run] = field(default_factory=list)
    steps: int = 0  # in each run
    agrees: bool = True  # its losses with the Swift program's

    @property
    def step_seconds(self) -> list[float]:
        return [run.seconds / self.steps for run in self.runs]

    @property
    def median(self) -> float:
        """Seconds of a step."""
        return median(self.step_seconds)

    @property
    def last_loss(self) -> float:
        return fmean(run.loss for run in self.runs)

    def ratio_to(self, other: "Entry") -> float:
        """How many times the other's step time: the median over the rounds of the ratio in a round, which a drift of the machine's speed hardly moves."""
        return median(mine / its for mine, its in zip(self.step_seconds, other.step_seconds))


Agreement = Callable[[Entry, Entry], bool]  # whether a contestant computed what the Swift program did


def losses_agree(entry: Entry, swift: Entry) -> bool:
    first, last = (FIRST_TOLERANCE, LAST_TOLERANCE) if entry.exact else (BFLOAT16_FIRST_TOLERANCE, BFLOAT16_LAST_TOLERANCE)
    return differ(entry.first_loss, swift.first_loss) <= first and differ(entry.last_loss, swift.last_loss) <= last


@dataclass(frozen=True)
class Race:
    workload: Workload
    entries: list[Entry]  # the Swift program's first
    product_rate: float | None = None  # flops per second of a large product by OpenBLAS
    limit: float | None = None  # flops per second of multiply-adds from registers; None if the Swift program does not know it

    @property
    def swift(self) -> Entry:
        return self.entries[0]

    @property
    def best_peer(self) -> Entry | None:
        """Of those that computed the same losses in the same precision."""
        peers = [entry for entry in self.entries[1:] if entry.agrees and entry.exact]
        return min(peers, key=lambda entry: entry.ratio_to(self.swift), default=None)

    @property
    def rate(self) -> float:
        """Flops per second of the products in the Swift program's steps, as if it did nothing else."""
        return self.workload.flops / self.swift.median


def kernels(races: list[Race]) -> dict[str, str | None]:
    """The kernels of each version that took part."""
    return {entry.version: entry.kernels for race in races for entry in race.entries}


def differ(a: float, b: float) -> float:
    """Relative difference; infinite where one is no number."""
    return abs(a - b) / abs(b) if a == a and b == b else float("inf")


def check_share(what: str, share: float) -> None:
    """Ends the contest if a share of the limit is more than it can be."""
    if not share <= HIGHEST_SHARE:
        raise ContestError(f"the benchmark is wrong: {what} runs at {share:.2f} of the highest rate that the processor reaches")


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def known_limit(contestant: Contestant, directory: Path, threads: int) -> float | None:
    """The limit, or None if the contestant does not know it. A process of its own is asked: one that does not know the request ends."""
    try:
        with Session(contestant, directory, threads) as session:
            return session.limit()
    except ContestError:
        return None


def trial(contestant: Contestant, directory: Path, threads: int, repetitions: int = 3, turn: float = 0.1) -> list[float]:
    """Seconds of a step in each repetition of a short run by a process of its own; one repetition where steps are long."""
    with Session(contestant, directory, threads) as session:
        session.train(2)
        estimate = session.train(2).seconds / 2
        if estimate > 10 * turn:
            return [estimate]
        steps = max(2, min(2000, round(turn / estimate)))
        session.train(steps)
        return [session.train(steps).seconds / steps for _ in range(repetitions)]


def best_threads(contestant: Contestant, directory: Path) -> tuple[int, float]:
    """The number of threads with which the contestant is fastest, and seconds of a step then."""
    times = {threads: min(trial(contestant, directory, threads)) for threads in thread_counts()}
    progress(f"  {contestant.name}: " + ", ".join(f"{1e6 * t:.1f} µs with {n}" for n, t in times.items()))
    return min(times.items(), key=lambda item: item[1])


def hold_race(workload: Workload, contestants: list[Contestant], directory: Path, pace: Pace, agreement: Agreement = losses_agree, with_rates: bool = True) -> Race:
    """Has contestants, the Swift program first, work on the workload in the directory, each with the number of threads that suits it best.

    With rates, the Swift program also says what a large product and the processor itself reach on its threads, before the race and after it: the higher counts.
    """
    progress(f"{workload.name} {workload.precision}: time by threads")
    chosen = [best_threads(contestant, directory) for contestant in contestants]
    times = [seconds for _, seconds in chosen]
    warm = 2 if times[0] > 1e-2 else 50
    affordable = round(pace.limit / (pace.rounds + 1) / max(times)) - warm
    steps = max(2, min(round(pace.turn / times[0]), affordable))
    progress(f"{workload.name} {workload.precision}: {pace.rounds} rounds of {steps}")
    limit = known_limit(contestants[0], directory, chosen[0][0]) if with_rates else None
    with ExitStack() as stack:
        sessions = [stack.enter_context(Session(c, directory, threads)) for c, (threads, _) in zip(contestants, chosen)]
        if not with_rates:
            return Race(workload, take_turns(sessions, warm, steps, pace.rounds, agreement))
        product_rate = sessions[0].flops_per_second()
        entries = take_turns(sessions, warm, steps, pace.rounds, agreement)
        product_rate = max(product_rate, sessions[0].flops_per_second())
        if limit:
            limit = max(limit, sessions[0].limit())
    race = Race(workload, entries, product_rate, limit)
    if limit:
        check_share(f"a step of {workload.name} in {workload.precision} precision", race.rate / limit)
    return race


def first_steps(session: Session) -> Entry:
    """Has a session that has not trained yet take a few steps, for their loss."""
    contestant = session.contestant
    return Entry(contestant.name, session.threads, session.version, session.kernels, contestant.exact, session.train(FIRST_STEPS).loss)


def take_turn(session: Session, entry: Entry, warm: int, steps: int) -> None:
    """A pause lets the threads of the turn before fall asleep (OpenBLAS's spin for a while), and `warm` untimed steps fill the caches and wake the session's own."""
    time.sleep(PAUSE)
    session.train(warm)
    entry.steps = steps
    entry.runs.append(session.train(steps))


def take_turns(sessions: list[Session], warm: int, steps: int, rounds: int, agreement: Agreement = losses_agree) -> list[Entry]:
    """Has sessions, the reference first, train one at a time, in an order that rotates from round to round.

    A round before the first does what this many steps need once, such as compilation. All sessions take the same number of steps in total.
    """
    entries = [first_steps(session) for session in sessions]
    for session in sessions:
        session.train(warm)
        session.train(steps)
    turns = list(zip(sessions, entries))
    for number in range(rounds):
        first = number % len(turns)
        for session, entry in turns[first:] + turns[:first]:
            take_turn(session, entry, warm, steps)
    for entry in entries:
        entry.agrees = agreement(entry, entries[0])
    return entries
