/** Resolves with what `check` answers as soon as it does not throw; rejects with its last failure after the deadline. */
export async function eventually<T>(check: () => Promise<T>, deadlineMs = 20_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
