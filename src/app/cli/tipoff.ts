import { enableCompileCache } from 'node:module';

// Stripping types and compiling costs more than most commands do, so the result is cached between processes. Nothing but this
// file may be loaded before.
enableCompileCache();

// A reader that stops early, such as `head`, is not a failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const args = process.argv.slice(2);
const { stdout, stderr } = process;
const label = `tipoff ${args.join(' ')}`;
const isWatched = stderr.isTTY && (stdout.isTTY || args.includes('--json'));
// A service writes a log instead of live progress.
const isService = args.includes('serve');
// Progress is shown before the verbs are loaded, because loading them takes longer than everything up to here.
const live =
  isWatched && !isService ? (await import('./live.ts')).liveStreams(label, { stdout, stderr }) : undefined;
if (isWatched && isService) stderr.write(`${label} …\n`);
const shown = live ?? (await import('./plain.ts')).plainStreams(label, { stdout, stderr }, { isService });
try {
  const { main } = await import('./program.ts');
  process.exitCode = await main(args, shown.streams);
} finally {
  shown.end();
}
