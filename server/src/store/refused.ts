/** The store will not open: it cannot keep its promises, or somebody else has it. The message says what to do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}
