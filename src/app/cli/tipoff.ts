import { enableCompileCache } from 'node:module';

// Taking the types out of five hundred modules and compiling them costs more than most commands; kept between processes, it
// costs a third. Nothing but this file may be loaded before.
enableCompileCache();
const { main } = await import('./main.ts');

// A reader that stops early (a pipe into `head`) is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
