import { enableCompileCache } from 'node:module';

// Taking the types out of every module and compiling it costs more than most commands, so what comes of it is kept between
// processes. Nothing but this file may be loaded before.
enableCompileCache();

// A reader that stops early (a pipe into `head`) is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const args = process.argv.slice(2);
const { stdout, stderr } = process;
const label = `tipoff ${args.join(' ')}`;
const isWatched = stderr.isTTY && (stdout.isTTY || args.includes('--json'));
// A service has a log where others have a mark that moves.
const isService = args.includes('serve');
// Who watches sees what is being done before the verbs are loaded, which takes longer than everything until then.
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
