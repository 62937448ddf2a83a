import { randomUUID } from 'node:crypto';
import { describe, it } from 'vitest';
import { systemClock, virtualClock } from '#platform/clock.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import { stateContract } from '#test/contract/state.ts';
import { offered } from './offered.ts';

const emulator = offered('firestore');

if (emulator === undefined) {
  describe.skip('the Firestore state store (no emulator was offered)', () => {
    it('keeps the state store contract', () => undefined);
  });
} else {
  stateContract(
    'the Firestore state store',
    async () => {
      const projectId = `tipoff-${randomUUID().slice(0, 8)}`;
      const clock = virtualClock('2025-01-10T15:00:00Z');
      // Dates are virtual; the pauses between tries are real, or contenders would run in step.
      const open = () =>
        openFirestoreState({ projectId, emulator, clock: { now: clock.now, sleep: systemClock.sleep } });
      const opened = [open()];
      const [store] = opened;
      if (store === undefined) throw new Error('no store');
      return {
        store,
        clock,
        another: async () => {
          const handle = open();
          opened.push(handle);
          return handle;
        },
        dispose: async () => {
          for (const handle of opened) await handle.close();
        },
      };
    },
    { runs: 10 },
  );
}
