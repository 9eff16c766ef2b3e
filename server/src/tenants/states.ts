/**
 * The states of a tenant and every legal move between them. `lifecycle.ts` is their only writer; `docs/states.md` is made
 * from this table and the schema's CHECK repeats the names.
 * Next: lifecycle.ts
 */
export const TENANT_STATES = {
  active: 'Sends. Every tenant begins here.',
  suspended:
    'Its keys and people are refused and its mail is held; people of the instance may look, and send nothing.',
  deleted:
    'Is as if it were gone, and can be brought back until its grace period ends; then its rows are removed.',
} as const;
export type TenantState = keyof typeof TENANT_STATES;

export interface TenantMove {
  readonly from: TenantState | 'none';
  readonly to: TenantState | 'gone';
  /** The function that makes this move. */
  readonly by: string;
  readonly when: string;
}

export const TENANT_MOVES: readonly TenantMove[] = [
  { from: 'none', to: 'active', by: 'createTenant', when: 'the API or the configuration file names it' },
  { from: 'active', to: 'suspended', by: 'suspendTenant', when: 'an instance admin stops it, with a reason' },
  { from: 'suspended', to: 'active', by: 'resumeTenant', when: 'an instance admin lets it go on' },
  { from: 'active', to: 'deleted', by: 'deleteTenant', when: 'an instance admin deletes it' },
  { from: 'suspended', to: 'deleted', by: 'deleteTenant', when: 'an instance admin deletes it' },
  { from: 'deleted', to: 'active', by: 'restoreTenant', when: 'it is brought back within its grace period' },
  { from: 'deleted', to: 'suspended', by: 'restoreTenant', when: 'the same, and it was suspended before' },
  { from: 'deleted', to: 'gone', by: 'purgeTenants', when: 'its grace period is over' },
];
