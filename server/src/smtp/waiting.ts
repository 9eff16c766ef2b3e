/**
 * Jobs that wait for a connection: by lane, the lowest first; in order of arrival within a lane.
 * Next: pool.ts
 */
interface Lane<T> {
  readonly number: number;
  items: T[];
  /** Items before it are taken. */
  head: number;
}

export interface Waiting<T> {
  readonly size: number;
  push(lane: number, item: T): void;
  shift(): T | undefined;
}

/** Taken items are cut off when there are more of them than this, and more than of the others. */
const CUT_MIN = 1024;

export function createWaiting<T>(): Waiting<T> {
  const lanes: Lane<T>[] = [];
  let size = 0;

  function laneOf(number: number): Lane<T> {
    let index = 0;
    for (let lane = lanes[index]; lane !== undefined && lane.number <= number; lane = lanes[index]) {
      if (lane.number === number) return lane;
      index += 1;
    }
    const lane = { number, items: [], head: 0 };
    lanes.splice(index, 0, lane);
    return lane;
  }

  return {
    get size() {
      return size;
    },
    push(lane, item) {
      laneOf(lane).items.push(item);
      size += 1;
    },
    shift() {
      if (size === 0) return undefined;
      for (const lane of lanes) {
        if (lane.head === lane.items.length) continue;
        const item = lane.items[lane.head];
        lane.head += 1;
        size -= 1;
        if (lane.head === lane.items.length || (lane.head > CUT_MIN && lane.head * 2 > lane.items.length)) {
          lane.items = lane.items.slice(lane.head);
          lane.head = 0;
        }
        return item;
      }
      return undefined;
    },
  };
}
