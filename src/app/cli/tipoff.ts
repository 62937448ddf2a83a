import { enableCompileCache } from 'node:module';

// Taking the types out of every module and compiling it costs more than most commands, so what comes of it is kept between
// processes. Nothing but this file may be loaded before.
enableCompileCache();
const { main } = await import('./program.ts');

// A reader that stops early (a pipe into `head`) is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
