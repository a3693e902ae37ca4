// One reading at a time: two that overlap would show the same messages twice.

/**
 * A function that asks for a reading. If one is under way, another one follows it, however often it is asked for: the
 * first may have passed the new message already. A reading that throws is repeated after `pause` milliseconds. There is
 * none after `signal` is aborted.
 */
export function reader(read, pause, signal) {
  let isWanted = false;
  let isReading = false;
  return async () => {
    isWanted = true;
    if (isReading) return;
    isReading = true;
    while (isWanted && !signal.aborted) {
      isWanted = false;
      try {
        await read();
      } catch {
        isWanted = true;
        await new Promise((resume) => setTimeout(resume, pause));
      }
    }
    isReading = false;
  };
}
