# SPDX-License-Identifier: BSD-2-Clause
"""Judges an agent by what the controller saw, and by what programs declare, alone.

Each check is a function of its own that gives its faults; `judge` runs all of them. The agent's
times lie between the tap's and the programs' in a way that never makes a fault of a slow machine:
a request passes the tap after its program wrote it down and after the agent counted it, a response
passes before both. Where that does not decide, the agent is right.
"""
import bisect
import collections
from dataclasses import dataclass

from diary import ANSWERED, ANY, CONTROLLER, FAILED, REFUSED
from record import Sending
from vm import SEND_MESSAGE, request_on_bus

MASTER_WRITE_READ = (0x06, 0x52)
# Questions that change nothing at the controller (IPMI 2.0 tables 20, 28, 33 to 35): those who ask
# the very same before it goes out may share the answer.
SHARED = {(0x00, 0x01), (0x04, 0x25), (0x04, 0x27), (0x04, 0x2D), (0x06, 0x01), (0x06, 0x04),
          (0x06, 0x08), (0x06, 0x37), (0x0A, 0x10), (0x0A, 0x11), (0x0A, 0x20), (0x0A, 0x23),
          (0x0A, 0x40), (0x0A, 0x43)}
NODE_BUSY, NOT_IN_STATE, INVALID_COMMAND = 0xC0, 0xD5, b'\xC1'


@dataclass
class Rules:
    window: int = 1
    bus_window: int = 8
    own_address: int = 0x20
    rest_s: float = 5.0  # a number's quarantine (IPMB 1.0: expiry)
    # An agent looks at the clock once for all that it finds to do; on a busy machine some of that
    # came as much later.
    clock_s: float = 0.2
    silence_s: float = 1.0 - clock_s  # no responder is given up, or asked again, before
    service_s: float = 4.0  # no request at the system interface is given up before
    # A number whose request was given up is free again after this, whatever the time-out was.
    rested_s: float = 20.0
    # And is used within so many other requests to its responder.
    turns: int = 128
    # A request from the bus is given to who may receive it, and answered, by then.
    given_s: float = 3.0
    respond_s: float = 6.0


@dataclass
class Fault:
    check: str
    what: str
    at: float = 0.0

    def __str__(self):
        return f'{self.check}: {self.what}'


def name(inner):
    return f'{inner.address:02x}h number {inner.number}, netFn {inner.netfn:02x} command ' \
           f'{inner.command:02x}'


def same(one, other):
    return (one.netfn, one.lun, one.command, one.data, one.requester, one.broadcast) == \
        (other.netfn, other.lun, other.command, other.data, other.requester, other.broadcast)


# ---- sequence numbers ----

class Transaction:
    """A request on the bus under one number, with all its sendings."""

    def __init__(self, sending):
        self.sendings, self.arrival, self.timed_out = [sending], None, False

    def again(self, sending):
        self.timed_out |= self.arrival is None and self.last.cc <= 0
        self.sendings.append(sending)
        self.arrival = None

    @property
    def last(self):
        return self.sendings[-1]

    def taken(self):
        """How many may have reached the responder: what Send Message refused has not."""
        return [one for one in self.sendings if one.cc in (0, -1)]


def may_repeat(last, sending, rules):
    """Whether the same bytes may go again: nothing was heard for long enough, or that the bus or the
    responder was busy."""
    if last.arrival is not None:
        return last.arrival.inner.cc == NODE_BUSY
    return last.last.cc > 0 or sending.at - last.last.at >= rules.silence_s


def transactions(record, rules):
    """By (channel, address, number) all transactions in order. The same bytes under the same number
    again, where no answer came, are the same transaction."""
    found = collections.defaultdict(list)
    for one in record.traffic():
        inner = one.inner
        those = found[inner.channel, inner.address, inner.number]
        last = those[-1] if those else None
        if not isinstance(one, Sending):
            if last is not None and last.arrival is None and \
                    last.last.inner.key == inner.key:
                last.arrival = one
        elif last is not None and same(last.last.inner, inner) and may_repeat(last, one, rules):
            last.again(one)
        else:
            those.append(Transaction(one))
    return found


def check_owners(record, diary, rules):
    """A sequence number toward a responder never has two owners in flight, and nobody but its owner
    uses one that is reserved."""
    faults = []
    asked = collections.defaultdict(list)
    for one in diary.asked:
        if not one.raw and one.responder is not CONTROLLER and one.number is not None:
            asked[one.responder, one.number].append(one)
    for (channel, address, number), those in transactions(record, rules).items():
        for before, after in zip(those, those[1:]):
            taken, first = before.taken(), after.sendings[0]
            if taken and before.arrival is None and first.at - taken[-1].at < rules.silence_s:
                faults.append(Fault('owners', f'{name(first.inner)}: still in flight for '
                                    f'another request', first.at))
        for owned in diary.owned:
            if (owned.channel, owned.address, owned.number) != (channel, address, number):
                continue
            for one in those:
                at, inner = one.sendings[0].at, one.sendings[0].inner
                if owned.since < at < owned.until and not any(
                        a.program == owned.program and a.at <= at and
                        (a.netfn, a.command, a.data) == (inner.netfn, inner.command, inner.data)
                        for a in asked[(channel, address), number]):
                    faults.append(Fault('owners', f"{name(inner)}: {owned.program}'s, but not "
                                        f'its request', at))
    by_number = collections.defaultdict(list)
    for owned in diary.owned:
        by_number[owned.channel, owned.address, owned.number].append(owned)
    for key, those in by_number.items():
        those.sort(key=lambda one: one.since)
        for before, after in zip(those, those[1:]):
            if after.since < before.until:
                faults.append(Fault('owners', f'number {key[2]} of {key[1]:02x}h is '
                                    f"{before.program}'s and {after.program}'s", after.since))
    return faults


def given_up(transaction, asked, rules):
    """Whether it timed out: it was sent again, or its program was told so before a response."""
    if transaction.arrival is None or transaction.timed_out:
        return len(transaction.taken()) > 0
    inner = transaction.last.inner
    return any(one.outcome == FAILED and one.answered < transaction.arrival.at and
               one.answered - transaction.last.at >= rules.silence_s
               for one in asked[(inner.channel, inner.address), inner.lun, inner.netfn,
                                inner.command, inner.data])


def by_key(diary):
    found = collections.defaultdict(list)
    for one in diary.asked:
        found[one.key].append(one)
    return found


def quarantined(record, diary, rules):
    """Each transaction that timed out: its key, itself, the next one under its number, and when the
    number may be used again at the earliest."""
    asked = by_key(diary)
    for key, those in transactions(record, rules).items():
        for place, one in enumerate(those):
            if given_up(one, asked, rules):
                ready = one.taken()[-1].at + rules.silence_s + rules.rest_s
                if one.arrival is not None and one.timed_out:
                    # In time for its last sending; the answer to an earlier one may follow.
                    ready = min(ready, one.arrival.at + rules.rest_s)
                yield key, one, those[place + 1] if place + 1 < len(those) else None, ready


def check_rest(record, diary, rules):
    """A number rests after a time-out before it is used again, and then is used again."""
    faults = []
    sendings = collections.defaultdict(list)
    for one in record.traffic():
        if isinstance(one, Sending):
            sendings[one.inner.channel, one.inner.address].append(one)
    for (channel, address, number), one, following, ready in quarantined(record, diary, rules):
        if following is not None:
            first = following.sendings[0]
            # One that is in flight still is the matter of another check.
            flying = one.arrival is None and first.at - one.taken()[-1].at < rules.silence_s
            if first.at < ready and not flying:
                faults.append(Fault('rest', f'{name(first.inner)}: used again '
                                    f'{ready - first.at:.3f} s too early', first.at))
            continue
        if any((o.channel, o.address, o.number) == (channel, address, number)
               for o in diary.owned):
            continue  # in use when its owner likes
        later = [s for s in sendings[channel, address]
                 if s.at > one.last.at + rules.rested_s]
        if len(later) >= rules.turns:
            faults.append(Fault('rest', f'number {number} of {address:02x}h was never used again '
                                f'in {len(later)} requests', one.last.at))
    return faults


def rested(record, diary, rules):
    """How many numbers were in quarantine, and how many of those were used again."""
    those = list(quarantined(record, diary, rules))
    return len(those), sum(following is not None for _, _, following, _ in those)


# ---- rights ----

def layers(frame):
    """What a request at the system interface asks, and what it carries for others, however deep:
    responder's address (CONTROLLER for the first), netFn, command, data."""
    netfn, command, data, address = frame.netfn, frame.command, frame.data, CONTROLLER
    found = []
    while True:
        found.append((address, netfn, command, data))
        if (netfn, command) == SEND_MESSAGE:
            inner = request_on_bus(data)
        elif (netfn, command) == MASTER_WRITE_READ and len(data) > 3:
            # Bus, address, count to read, and the rest of the frame (22.11).
            inner = request_on_bus(b'\0' + data[1:2] + data[3:])
        else:
            inner = None
        if inner is None:
            return found
        netfn, command, data, address = inner.netfn, inner.command, inner.data, inner.address


def matches(held, layer, rules):
    address, netfn, command, data = layer
    if netfn != held.netfn or held.command not in (ANY, command):
        return False
    if held.body is not ANY and not data.startswith(held.body):
        return False
    own = address in (CONTROLLER, rules.own_address)
    return held.address in (ANY, address) or (own and held.address == rules.own_address)


def trespasses(record, diary, rules, check, held_here):
    """Requests that reached the controller though another held the right to send them."""
    faults = []
    requests = record.requests()
    times = [one.at for one in requests]
    for held in held_here:
        # Each may explain one frame: the holder's own, and what was asked before the right was.
        spare = collections.defaultdict(list)
        for one in diary.asked:
            if one.program == held.program or one.at < held.since:
                spare[one.netfn, one.command, one.data].append(one)
        first = bisect.bisect(times, held.since)
        until = held.until if held.lease_s is None else held.until - rules.clock_s
        for frame in requests[first:bisect.bisect(times, until)]:
            for layer in layers(frame):
                if not matches(held, layer, rules):
                    continue
                theirs = spare[layer[1:]]
                found = next((a for a in theirs if a.at <= frame.at <= a.answered), None)
                if found is None:
                    faults.append(Fault(check, f'netFn {layer[1]:02x} command {layer[2]:02x} '
                                        f"reached the controller, {held.program}'s alone",
                                        frame.at))
                elif found.responder is CONTROLLER:
                    theirs.remove(found)  # a responder may be asked again
    return faults


def refusals(diary, rules, check, leased):
    """What the agent refused with D5 although no right to it can have been another's then. It is the
    matter of leases where a lease was the last of them."""
    faults = []
    for one in diary.asked:
        if (one.outcome, one.cc) != (REFUSED, NOT_IN_STATE):
            continue
        address = CONTROLLER if one.responder is CONTROLLER else one.responder[1]
        layer = address, one.netfn, one.command, one.data
        those = [held for held in diary.held if not held.receive and held.program != one.program
                 and held.asked <= one.answered and matches(held, layer, rules)]
        last = max(those, key=lambda held: held.gone, default=None)
        late = rules.clock_s if last is not None and last.lease_s is not None else 0
        if last is not None and one.at <= last.gone + late:
            continue
        if (last is not None and last.lease_s is not None) == leased:
            faults.append(Fault(check, f'{one.program}: netFn {one.netfn:02x} command '
                                f'{one.command:02x} was refused, but nobody held it', one.at))
    return faults


def rights(record, diary, rules, check, leased):
    held = [one for one in diary.held
            if not one.receive and (one.lease_s is not None) == leased]
    return trespasses(record, diary, rules, check, held) + refusals(diary, rules, check, leased)


def check_rights(record, diary, rules):
    """No request of a command that another reserved reached the controller while the right was held:
    not raw, not nested, not as a broadcast, not to an alias of the controller. And what nobody else
    holds is not refused."""
    return rights(record, diary, rules, 'rights', False)


def check_leases(record, diary, rules):
    """The same of rights that end by themselves: they are held as long as the lease, and no longer."""
    return rights(record, diary, rules, 'leases', True)


# ---- requests from the bus ----

def given(incoming, diary):
    """Each Incoming with those who were given it; and what somebody was given that never came. Of
    equal ones, which a requester sends again, each was given in its turn."""
    left, more = collections.defaultdict(list), collections.Counter(one.key for one in incoming)
    for one in diary.heard:
        left[one.key].append(one)
    pairs = []
    for one in incoming:
        more[one.key] -= 1
        heard = [h for h in left[one.key] if one.at <= h.at][:1 if more[one.key] else None]
        for h in heard:
            left[one.key].remove(h)
        pairs.append((one, heard))
    return pairs, [h for those in left.values() for h in those]


def misled(one, heard, held, rules):
    """What is wrong with where this Incoming went and what it was answered: words."""
    until = min([at for at, _ in one.answers] + [h.at for h in heard],
                default=one.at + rules.given_s)
    possible = [h for h in held if h.asked <= until and one.at <= h.gone]
    sure = [h for h in possible if h.since <= one.at and until <= h.until]
    for h in heard:
        if h.program not in (p.program for p in possible):
            yield f'was given to {h.program}'
    if len(heard) > 1:
        yield f'was given {len(heard)} times'
    if sure and not heard:
        yield f'never reached {sure[0].program}'
    if len(one.answers) > 1:
        yield f'was answered {len(one.answers)} times'
    wanted = [h.answer for h in heard if h.answer is not None and h.went is not False]
    if not sure and not heard:
        wanted.append(INVALID_COMMAND)
    for at, answer in one.answers:
        if answer not in wanted:
            yield f'was answered {answer.hex()}'
        elif at > one.at + rules.respond_s:
            yield f'was answered after {at - one.at:.1f} s'
    if not one.answers and (not possible or any(h.went for h in heard)):
        yield 'was not answered'


def check_incoming(record, diary, rules):
    """A request from the bus is given to who holds the right to receive it, once, and to nobody else;
    what he answers goes out, once and in time. What nobody holds is answered C1, once."""
    incoming, strays = record.incoming()
    pairs, invented = given(incoming, diary)
    faults = []
    for one, heard in pairs:
        inner = one.inner
        held = [h for h in diary.held if h.receive and matches(
            h, (inner.requester, inner.netfn, inner.command, inner.data), rules)]
        faults += [Fault('incoming', f'{inner.requester:02x}h number {inner.number}, netFn '
                         f'{inner.netfn:02x} command {inner.command:02x} {what}', one.at)
                   for what in misled(one, heard, held, rules)]
    faults += [Fault('incoming', f'{one.program} was given {one.key}, which the wire did not carry',
                     one.at) for one in invented]
    return faults + [Fault('incoming', f'{inner.address:02x}h number {inner.number}: an answer to '
                           'nothing') for inner in strays]


# ---- order ----

@dataclass
class Way:
    """Where a question first passed the tap, and where its answer did; None: it did not."""
    asked: object
    sent: int = None
    answered: int = None


def ways(record, diary):
    """Of all that is asked once only, in the order of asking."""
    wanted, found = {}, []
    for key, those in by_key(diary).items():
        if len(those) == 1:
            wanted[key] = Way(those[0])
    flying = {}
    for one in record.traffic():
        inner = one.inner
        if isinstance(one, Sending):
            way = wanted.get(((inner.channel, inner.address), inner.lun, inner.netfn,
                              inner.command, inner.data))
            if way is not None:
                way.sent = one.place if way.sent is None else way.sent
            flying[inner.key] = way
        elif flying.get(inner.key) is not None:
            flying.pop(inner.key).answered = one.place
    waiting = {}
    for place, frame in enumerate(record.frames):
        if frame.down:
            way = wanted.get((CONTROLLER, frame.lun, frame.netfn, frame.command, frame.data))
            if way is not None:
                way.sent = place if way.sent is None else way.sent
            waiting[frame.sequence] = way
        elif waiting.get(frame.sequence) is not None:
            waiting.pop(frame.sequence).answered = place
    found = [one for one in wanted.values() if one.sent is not None]
    return sorted(found, key=lambda one: one.asked.place)


def check_order(record, diary, rules):
    """By handle and responder requests keep their order, and a mutating one waits for those before
    it and lets none of those after it pass."""
    faults = []
    lanes = collections.defaultdict(list)
    for one in ways(record, diary):
        lanes[one.asked.program, one.asked.responder].append(one)

    def fault(way, what):
        faults.append(Fault('order', f'{way.asked.program}: netFn {way.asked.netfn:02x} command '
                            f'{way.asked.command:02x} {way.asked.data.hex()} {what}',
                            record.frames[way.sent].at))
    for those in lanes.values():
        newest, barrier, open_ones = None, None, []
        for way in those:
            if newest is not None and way.sent < newest.sent:
                fault(way, 'overtook one that was asked before')
            # What was given up has no answer on the wire, and its end is the agent's to know.
            if barrier is not None and barrier.answered is not None and \
                    way.sent < barrier.answered:
                fault(way, 'did not wait for a mutating one')
            if way.asked.mutates:
                if any(one.answered is not None and one.answered > way.sent
                       for one in open_ones):
                    fault(way, 'mutates, and did not wait for those before it')
                barrier, open_ones = way, []
            open_ones.append(way)
            newest = way
    return faults


# ---- windows ----

def check_windows(record, diary, rules):
    """No more requests at the system interface at once, and on the bus, than is allowed."""
    faults, waiting = [], {}
    for frame in record.frames:
        if not frame.down:
            waiting.pop(frame.sequence, None)
            continue
        for sequence in [s for s, at in waiting.items() if frame.at - at > rules.service_s]:
            del waiting[sequence]
        if frame.sequence in waiting:
            faults.append(Fault('windows', f'two requests at the system interface as number '
                                f'{frame.sequence}', frame.at))
        waiting[frame.sequence] = frame.at
        if len(waiting) > rules.window:
            faults.append(Fault('windows', f'{len(waiting)} requests at the system interface, '
                                f'{rules.window} are allowed', frame.at))
    # What Send Message refused never was on the bus; what is silent may be given up.
    bus = {}
    for one in record.traffic():
        if not isinstance(one, Sending):
            bus.pop(one.inner.key, None)
            continue
        if one.cc > 0:
            continue
        for key in [k for k, at in bus.items() if one.at - at > rules.silence_s]:
            del bus[key]
        bus[one.inner.key] = one.at
        if len(bus) > rules.bus_window:
            faults.append(Fault('windows', f'{len(bus)} requests on the bus, {rules.bus_window} '
                                f'are allowed', one.at))
    return faults


# ---- answers ----

@dataclass
class Carried:
    """A response with the times of its request and its own."""
    asked: float
    at: float


def carried(record):
    """By question and answer, all that the record has."""
    found, questions, flying = collections.defaultdict(list), set(), {}
    for one in record.traffic():
        inner = one.inner
        if isinstance(one, Sending):
            flying.setdefault(inner.key, (one.at, inner))
            if not same(flying[inner.key][1], inner):
                flying[inner.key] = one.at, inner
            questions.add(((inner.channel, inner.address), inner.lun, inner.netfn,
                           inner.command, inner.data))
        elif inner.key in flying:
            at, request = flying[inner.key]
            if inner.cc != NODE_BUSY:  # the answer may come still
                del flying[inner.key]
            found[((request.channel, request.address), request.lun, request.netfn,
                   request.command, request.data), inner.cc, inner.data].append(
                       Carried(at, one.at))
    for exchange in record.exchanges():
        request, response = exchange.request, exchange.response
        key = CONTROLLER, request.lun, request.netfn, request.command, request.data
        questions.add(key)
        if response is not None:
            found[key, response.cc, response.data].append(Carried(request.at, response.at))
    return found, questions


def fits(one, response):
    return one.at <= response.asked and response.at <= one.answered


def assign(asked, responses):
    """Those of the asked that find no response of their own within their times: a matching, begun
    in order of time, which leaves little to do."""
    asked = sorted(asked, key=lambda one: one.answered)
    responses = sorted(responses, key=lambda one: one.asked)
    holder, left = [None] * len(responses), []

    def place(one, tried):
        for number, response in enumerate(responses):
            if number in tried or not fits(one, response):
                continue
            tried.add(number)
            if holder[number] is None or place(holder[number], tried):
                holder[number] = one
                return True
        return False
    for one in asked:
        free = next((n for n, r in enumerate(responses) if holder[n] is None and fits(one, r)),
                    None)
        if free is None:
            left.append(one)
        else:
            holder[free] = one
    return [one for one in left if not place(one, set())]


def check_answers(record, diary, rules):
    """Every answer is what the wire carried for that question while it was asked, each of those
    goes to one who asked (or to several, where it is SHARED), nobody gets two, nobody gets none."""
    faults = []
    responses, questions = carried(record)
    by_answer = collections.defaultdict(list)

    def fault(one, what):
        faults.append(Fault('answers', f'{one.program}: netFn {one.netfn:02x} command '
                            f'{one.command:02x} {one.data.hex()} {what}', one.at))
    for one in diary.asked:
        if one.answers == 0 and not one.gone:
            fault(one, 'got no answer')
        elif one.answers > 1:
            fault(one, f'got {one.answers} answers')
        if one.outcome == ANSWERED:
            by_answer[one.key, one.cc, one.answer].append(one)
    for (key, cc, data), those in by_answer.items():
        found = responses[key, cc, data]
        shared = key[0] == CONTROLLER and key[2:4] in SHARED
        for one in ([one for one in those if not any(fits(one, r) for r in found)] if shared
                    else assign(those, found)):
            fault(one, f"got {cc:02x} {data.hex()}, " + (
                'which is no answer to it on the wire' if key in questions
                else 'and was never on the wire'))
    return faults


CHECKS = {'owners': check_owners, 'rest': check_rest, 'rights': check_rights,
          'leases': check_leases, 'incoming': check_incoming, 'order': check_order,
          'windows': check_windows, 'answers': check_answers}


def judge(record, diary, rules=None, checks=None):
    """All faults, in the order of the checks."""
    rules = rules or Rules()
    return [fault for check in checks or CHECKS
            for fault in CHECKS[check](record, diary, rules)]


def words(faults, most=5):
    """The first few of each kind, for a person."""
    kinds = collections.Counter(one.check for one in faults)
    shown = [str(one) for one in faults[:most]]
    return f'{len(faults)} faults ({", ".join(f"{n} of {k}" for k, n in kinds.items())}): ' + \
        '; '.join(shown)
