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
const isWatched = stdout.isTTY && stderr.isTTY && !args.includes('--json') && !args.includes('serve');
// Who watches sees what is being done before the verbs are loaded, which takes longer than everything until then.
const live = isWatched
  ? (await import('./live.ts')).liveStreams(`tipoff ${args.join(' ')}`, { stdout, stderr })
  : undefined;
const plain = {
  out: (text: string) => stdout.write(text),
  err: (text: string) => stderr.write(text),
};
try {
  const { main } = await import('./program.ts');
  process.exitCode = await main(args, live?.streams ?? plain);
} finally {
  live?.end();
}
