import { TipoffError } from '#core/errors.ts';
import { systemClock } from '#platform/clock.ts';
import { openHome } from '#platform/home.ts';

/** Opens a home and prints what came of it as one line; arguments: folder, and `hold` to keep it until killed. */
const [dir = '', mode = ''] = process.argv.slice(2);
try {
  const home = await openHome(dir, { command: `hold ${mode}`.trim(), clock: systemClock });
  process.stdout.write(
    `${JSON.stringify({ pid: process.pid, takenOver: home.takenOver?.from.pid ?? null, message: home.takenOver?.message })}\n`,
  );
  // Keeps the process until it is killed; the runner does so at the latest.
  if (mode === 'hold') await new Promise(() => setInterval(() => undefined, 1000));
  else await home.release();
} catch (error) {
  if (!(error instanceof TipoffError)) throw error;
  process.stdout.write(
    `${JSON.stringify({ pid: process.pid, code: error.code, message: error.message, details: error.details })}\n`,
  );
}
