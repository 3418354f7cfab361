/**
 * The path of frames between the board's radio and the network, in simulated time: each direction has a latency and a
 * rate, and on request it loses, duplicates and reorders frames, reproducibly.
 */

export const RIGHT_WAY = { loss: 0, duplicate: 0, reorder: 0, delay_ms: 0.5, bytes_per_s: 2_500_000 };
const QUEUE_LIMIT_FRAMES = 64;
const OVERTAKEN_BY_NANOS = 3e6; // a frame that is reordered comes this much later: some four frames pass it

class Direction {
  constructor(clock, random, conditions, arrive) {
    Object.assign(this, { clock, random, conditions, arrive });
    this.alarms = new Set();
    this.freeAt = 0;
    this.counters = { frames: 0, lost: 0, duplicated: 0, reordered: 0, overflowed: 0 };
  }

  carry(frame) {
    const { conditions, counters, random } = this;
    counters.frames++;
    if (this.alarms.size >= QUEUE_LIMIT_FRAMES) {
      counters.overflowed++;
      return;
    }
    this.freeAt = Math.max(this.freeAt, this.clock.nanos) + (frame.length / conditions.bytes_per_s) * 1e9;
    if (random.happens(conditions.loss)) {
      counters.lost++;
      return;
    }
    const isLate = random.happens(conditions.reorder);
    counters.reordered += isLate;
    const nanos = this.freeAt - this.clock.nanos + conditions.delay_ms * 1e6 + (isLate ? OVERTAKEN_BY_NANOS : 0);
    this.#arriveAfter(nanos, frame);
    if (!random.happens(conditions.duplicate)) return;
    counters.duplicated++;
    this.#arriveAfter(nanos, frame);
  }

  drop() {
    for (const alarm of this.alarms) alarm.cancel();
    this.alarms.clear();
  }

  #arriveAfter(nanos, frame) {
    const alarm = this.clock.createAlarm(() => {
      this.alarms.delete(alarm);
      this.arrive(frame);
    });
    this.alarms.add(alarm);
    alarm.schedule(nanos);
  }
}

export class Wire {
  /** *toNetwork*(frame), *toBoard*(frame): where frames arrive. *conditions*: as RIGHT_WAY, and changeable. */
  constructor(clock, random, conditions, { toNetwork, toBoard }) {
    this.outward = new Direction(clock, random, conditions, toNetwork);
    this.inward = new Direction(clock, random, conditions, toBoard);
  }

  /** Lose what is under way. */
  drop() {
    this.outward.drop();
    this.inward.drop();
  }

  get counters() {
    return { from_board: { ...this.outward.counters }, to_board: { ...this.inward.counters } };
  }
}

/** Check *changes* to the conditions of a wire and return the new ones. */
export function changedConditions(conditions, changes) {
  const unknown = Object.keys(changes).find((name) => !Object.hasOwn(RIGHT_WAY, name));
  if (unknown) throw new Error(`no such fault: "${unknown}"; there are ${Object.keys(RIGHT_WAY).join(', ')}`);
  const changed = { ...conditions, ...changes };
  for (const name of ['loss', 'duplicate', 'reorder']) {
    if (!(changed[name] >= 0 && changed[name] <= 1)) throw new Error(`${name} is a probability from 0 to 1`);
  }
  if (!(changed.delay_ms >= 0)) throw new Error('delay_ms is not negative');
  if (!(changed.bytes_per_s > 0)) throw new Error('bytes_per_s is more than 0');
  return changed;
}
