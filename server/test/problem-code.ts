import { Problem } from '../src/base/problem.ts';

/** The code of the problem that this ends with; `none` when it ends well. */
export async function problemCode(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return 'none';
}
