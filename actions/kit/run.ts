import { processEnvironment } from '#app/config.ts';
import { ACTIONS } from './actions.ts';
import { describeInputs } from './glue/inputs.ts';
import { perform } from './glue/perform.ts';

// A reader that stops early is no failure of the action.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const [name = ''] = process.argv.slice(2);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
if (name === '--describe') {
  const all = await Promise.all(Object.values(ACTIONS).map((load) => load()));
  write(
    JSON.stringify(
      Object.fromEntries(
        all.map((a) => [a.name, { inputs: describeInputs(a.inputs), outputs: Object.keys(a.outputs) }]),
      ),
    ),
  );
} else {
  const load = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`expected an action (${Object.keys(ACTIONS).join(', ')}), saw "${name}"\n`);
    process.exitCode = 2;
  } else {
    process.exitCode = await perform(await load(), processEnvironment(), write);
  }
}
