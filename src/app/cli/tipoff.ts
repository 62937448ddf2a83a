import { enableCompileCache } from 'node:module';

// Taking the types out of every module and compiling it costs more than most commands, so what comes of it is kept between
// processes. Nothing but this file may be loaded before.
enableCompileCache();
const { main } = await import('./program.ts');

// A reader that stops early (a pipe into `head`) is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const plain = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
};
const args = process.argv.slice(2);
const { stdout, stderr } = process;
if (stdout.isTTY && stderr.isTTY && !args.includes('--json') && !args.includes('serve')) {
  const { liveStreams } = await import('./live.ts');
  const { streams, end } = liveStreams(`tipoff ${args.join(' ')}`, { stdout, stderr });
  process.exitCode = await main(args, streams).finally(end);
} else {
  process.exitCode = await main(args, plain);
}
