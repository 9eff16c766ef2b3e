/**
 * The states of a job and every legal move between them. `queries.ts` holds one statement per move and the schema's
 * CHECK repeats what each state needs. `docs/states.md` is made from this table.
 * Next: queries.ts
 */
export const JOB_STATES = {
  ready:
    'Waits for its time (`due_at`). Put here by enqueue, back-off, release, rescue and shutdown; a claim takes it out.',
  running:
    'A worker has it under a lease. Put here by a claim; settling, or the rescue of an ended lease, takes it out.',
  held: 'Waits for somebody or something named in `held_by`. Put here by settling; a release, or its `due_at`, takes it out.',
} as const;
export type JobState = keyof typeof JOB_STATES;

/** Lanes, most urgent first. A lane is only claimed ahead of others, it is no promise of order inside itself. */
export const LANES = [0, 1, 2, 3] as const;

/** How often a job may be claimed without being settled before it is taken for the cause of the crashes (Q12). */
export const CLAIMS_MAX = 3;

export interface JobMove {
  readonly from: JobState | 'none';
  readonly to: JobState | 'gone';
  /** The function that makes this move. */
  readonly by: string;
  readonly when: string;
}

export const JOB_MOVES: readonly JobMove[] = [
  {
    from: 'none',
    to: 'ready',
    by: 'enqueue',
    when: 'work is accepted that this process cannot start at once',
  },
  {
    from: 'none',
    to: 'running',
    by: 'enqueue',
    when: 'work is accepted and handed to this process’s own worker',
  },
  { from: 'ready', to: 'running', by: 'claim', when: 'its time has come and a worker has room' },
  { from: 'running', to: 'gone', by: 'finish', when: 'its owner is done with it' },
  { from: 'running', to: 'ready', by: 'finish', when: 'its owner wants it again later' },
  { from: 'running', to: 'held', by: 'finish', when: 'its owner can do nothing until something changes' },
  { from: 'running', to: 'ready', by: 'rescue', when: 'its owner is gone: the lease ended' },
  { from: 'held', to: 'ready', by: 'release', when: 'what it waited for has happened' },
  {
    from: 'held',
    to: 'ready',
    by: 'wakeHeld',
    when: 'its `due_at` has come (its lifetime, or the safety look)',
  },
  { from: 'ready', to: 'gone', by: 'remove', when: 'its owner cancelled it' },
  { from: 'held', to: 'gone', by: 'remove', when: 'its owner cancelled it' },
];
