/** `postern acr login`: signs docker in at a registry, or shows the token that does. */
import { command } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { nameOption, REGISTRY_GROUP } from '../../options.ts';
import { registryClient, SIGN_IN, TOKEN_USER } from '../../registry-client.ts';
import { runTool } from '../../tools.ts';

export default command({
  path: 'acr login',
  summary: 'Sign docker in at a registry.',
  options: [
    nameOption('registry'),
    REGISTRY_GROUP,
    ...SIGN_IN,
    { name: 'expose-token', short: 't', kind: 'flag', summary: 'Show a refresh token instead; docker is not needed.' },
  ],
  notes: 'On the host the registry is NAME.HOST-DOMAIN:PORT, and docker must trust its authority: see postern env. In a machine it is its login server.',
  examples: ['postern acr login --name myregistry', 'postern acr login --name myregistry --expose-token --query accessToken -o tsv'],
  run: async (args, context) => {
    const name = args.need('name');
    const [username, given] = [args.text('username'), args.text('password')];
    if (args.boolean('expose-token')) {
      if (username !== undefined || given !== undefined) throw new UsageError('`--expose-token` cannot be combined with `--username` or `--password`.');
      const client = await registryClient(context, name);
      const token = await client.refreshToken().finally(() => client.close());
      context.warn(
        `You can perform manual login using the provided refresh token below, for example: 'docker login loginServer -u ${TOKEN_USER} -p refreshToken'`,
      );
      return { accessToken: token, loginServer: client.authority, refreshToken: token, username: TOKEN_USER };
    }
    if ((username === undefined) !== (given === undefined)) throw new UsageError('usage error: --username USER --password PASSWORD');
    const daemon = await runTool('docker', ['ps']);
    if (daemon.exitCode !== 0) {
      context.warn(`You may want to use 'postern acr login -n ${name} --expose-token' to get a refresh token, which does not require Docker to be installed.`);
      const why = daemon.exitCode === undefined ? 'Please verify if Docker client is installed and running.' : daemon.stderr.trim();
      throw new Error(`An error occurred: DOCKER_COMMAND_ERROR\n${why}`);
    }
    const client = await registryClient(context, name);
    const password = given ?? (await client.refreshToken().finally(() => client.close()));
    // The password goes by standard input: nobody reads it among the processes.
    const login = await runTool('docker', ['login', '--username', username ?? TOKEN_USER, '--password-stdin', client.authority], password);
    if (login.exitCode !== 0) throw new Error(`Login failed.\n${login.stderr.trim()}`);
    context.out(login.stdout);
    return undefined;
  },
});
