/**
 * The composition root and the spine. Constructs every room in order of dependency, then loops:
 * for each new snapshot make what it has, hand it to edge and dns, break what it no longer has, settle the operations.
 * Runs as a child of host.ts, which opened the host's listeners and (fabric `world`) unshared the namespaces.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFirstAdmin } from '#arm/first-admin.ts';
import { ensureFirstState, requireDomain } from '#arm/first-start.ts';
import { Operations } from '#arm/operations.ts';
import { armPlane } from '#arm/plane.ts';
import { createTenant, shownTenant } from '#arm/tenants.ts';
import { TypeTable } from '#arm/types.ts';
import { isoTime, systemClock } from '#base/clock.ts';
import { asFault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { openLog } from '#base/log.ts';
import { DiskBlobStore } from '#blobs/disk.ts';
import { visibleNamesOf } from '#dns/evidence.ts';
import { resolveAddresses } from '#dns/resolution.ts';
import { NameServer } from '#dns/server.ts';
import { Edge } from '#edge/edge.ts';
import { operatorPlane } from '#edge/operator.ts';
import type { Outcome } from '#fabric/fabric.ts';
import { noneFabric } from '#fabric/none.ts';
import { runScript } from '#fabric/run-script.ts';
import { lockFile } from '#fabric/sockets.ts';
import { openWorld } from '#fabric/world.ts';
import { RequestLimits } from '#http/request-limits.ts';
import { CertificateAuthority } from '#identity/certificate-authority.ts';
import { Directory } from '#identity/directory.ts';
import { graphPlane } from '#identity/graph.ts';
import { SigningKeys, writePrivateFile } from '#identity/keys.ts';
import { loginPlane } from '#identity/login.ts';
import { machineMetadataPlane } from '#identity/machine-metadata.ts';
import { principalTypeOf } from '#identity/principal-type.ts';
import { Tokens } from '#identity/tokens.ts';
import { resourceTypes } from '#providers/index.ts';
import { importImage } from '#registry/import.ts';
import { registryPlane } from '#registry/plane.ts';
import { PLATFORM_REGISTRY, platformFact, stockPlatformRegistry } from '#registry/platform.ts';
import { registryBytes } from '#store/repositories.ts';
import { Store } from '#store/store.ts';
import { Derivation } from '#topology/derive.ts';
import { emptySnapshot } from '#topology/snapshot.ts';
import { type Config, urlOf } from './config.ts';

/** Runs the server until it is told to stop. `listeners` are descriptors of bound sockets of the host. */
export async function serve(config: Config, listeners: { management: number; public: number }): Promise<{ revision: number; stop(): Promise<void> }> {
  const clock = systemClock;
  const folder = (name: string): string => join(config.data, name);
  const log = openLog(join(folder('log'), 'server.log'));
  const lock = await lockFile(folder('lock'));

  const store = await Store.open(folder('postern.db'));
  await requireDomain(store, config.domain);
  const blobs = await DiskBlobStore.open(folder('blobs'));
  const keys = await SigningKeys.open(folder('keys'), clock);
  const ca = await CertificateAuthority.open({ folder: folder('keys'), clock, permittedDomains: [config.domain, config.hostDomain] });
  await writeFile(folder('ca.pem'), ca.caPem);

  const directory = await Directory.open({ store, clock });
  const types = new TypeTable(resourceTypes);
  const first = await ensureFirstState({ store, directory, types, newGuid: randomUUID, clock, operatorKnown: existsSync(folder('operator.json')) });
  const tokens = new Tokens({ keys, clock, tenantId: first.tenantId, groupsOf: (objectId) => directory.groupsOf(objectId) });
  if (first.operator) {
    const credentials = { tenantId: first.tenantId, subscriptionId: first.subscriptionId, ...first.operator };
    await writeFile(folder('operator.json'), `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  }

  await ensureFirstAdmin({
    store,
    directory,
    tenantId: first.tenantId,
    clock,
    newGuid: randomUUID,
    keep: async (credentials) => writePrivateFile(folder('admin.json'), `${JSON.stringify(credentials, null, 2)}\n`),
  });

  const derivation = new Derivation({ domain: config.domain });
  derivation.update(store.revision, [
    [PLATFORM_REGISTRY, [platformFact]],
    ...(await store.resources.list()).map((record) => [record.key, types.factsOf(record)] as const),
  ]);
  await stockPlatformRegistry({ store, blobs, clock });
  /** What planes read: never ahead of what the fabric has made, never behind what an answered PUT has promised. Empty until the first step. */
  let current = emptySnapshot(config.domain);
  const snapshot = () => current;

  const operations = new Operations({ store, clock });
  const requestLimits = config.azureLimits ? new RequestLimits(clock) : undefined;
  const fabric = config.fabric === 'none' ? noneFabric() : await openWorld({ log, caPem: ca.caPem, hide: [config.data] });
  const names = new NameServer({ sockets: fabric.sockets, log });
  const arm = armPlane({
    store,
    types,
    snapshot,
    tokens,
    operations,
    clock,
    log,
    domain: config.domain,
    tenantId: first.tenantId,
    newGuid: randomUUID,
    requestLimits,
    principals: {
      typeOf: (objectId, tenantId) => principalTypeOf(directory, snapshot(), objectId, tenantId),
      groupsOf: (objectId) => directory.groupsOf(objectId),
      hasTenant: async (tenantId) => (await directory.findTenant(tenantId)) !== undefined,
    },
    // Each kind of job is done by the room that can.
    runJob: (job) =>
      job.kind === 'import-image'
        ? importImage({ store, blobs, tokens, directory, snapshot, clock }, job)
        : runScript(fabric, job.machine, { lines: job.script, parameters: job.parameters }),
    preview: (changes) => derivation.preview(changes),
    resolve: resolveAddresses,
    registryUsage: async (registry) => ({ bytes: await registryBytes(store.database, registry) }),
  });
  const tenants = {
    list: async () => (await directory.tenants()).map(shownTenant),
    create: (asked: JsonObject) => createTenant({ store, directory, clock, newGuid: randomUUID }, asked),
  };
  const edge = new Edge({
    sockets: fabric.sockets,
    snapshot,
    config,
    ca,
    clock,
    log,
    planes: (accessLog) => ({
      arm: arm.plane,
      login: loginPlane({
        tokens,
        directory,
        store,
        tenantId: first.tenantId,
        clock,
        sealKey: keys.secret('sign-in'),
        hostUrl: urlOf(config.listen),
        domain: config.domain,
        hostDomain: config.hostDomain,
      }),
      graph: graphPlane({ tokens, directory, snapshot }),
      registry: registryPlane({
        store,
        blobs,
        tokens,
        directory,
        snapshot,
        clock,
        log,
        requestLimits,
        dataKey: keys.secret('data-endpoint'),
        domain: config.domain,
        hostDomain: config.hostDomain,
      }),
      metadata: machineMetadataPlane({ tokens, snapshot, tenantId: first.tenantId, clock }),
      operator: operatorPlane({
        tokens,
        snapshot,
        accessLog,
        caPem: ca.caPem,
        status,
        tenants,
        namesOf: visibleNamesOf(snapshot),
        machine: (key) => fabric.machine(key),
      }),
    }),
  });

  const startedAt = isoTime(clock);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  async function status(): Promise<object> {
    const faults = fabric.faults().map((outcome) => ({ owner: outcome.owner, code: outcome.fault?.code, message: outcome.fault?.message }));
    return {
      health: faults.length === 0 ? 'Healthy' : 'Degraded',
      revision: current.revision,
      fabric: fabric.driver,
      data: config.data,
      version,
      startedAt,
      domain: config.domain,
      networks: current.networks.size,
      machines: current.machines.size,
      registries: [...current.registries.values()].filter(({ platform }) => !platform).length,
      faults,
      notEnforced: await arm.unenforcedSettings(),
    };
  }

  // The spine.
  let stepping: Promise<void> = Promise.resolve();
  const step = async (): Promise<void> => {
    const next = derivation.snapshot;
    // Several commits may have become one snapshot.
    if (next === current) return;
    const outcomes: Outcome[] = [...(await fabric.extend(next))];
    current = next;
    outcomes.push(...edge.see(next), ...names.see(next));
    outcomes.push(...(await fabric.retire(next)));
    for (const outcome of outcomes)
      if (outcome.fault) log.warn({ owner: outcome.owner, code: outcome.fault.code, revision: next.revision }, outcome.fault.message);
    operations.settle(next.revision, outcomes);
  };
  const advance = (): Promise<void> => {
    stepping = stepping.then(step).catch((error: unknown) => log.error({ error: String(error), stack: (error as Error).stack }, 'a step of the spine failed'));
    return stepping;
  };
  store.subscribe((change) => {
    derivation.update(
      change.revision,
      change.resources.map(({ key, after }) => [key, after ? types.factsOf(after) : []] as const),
    );
    void advance();
  });
  await advance();
  edge.listenHost({ managementFd: listeners.management, publicFd: listeners.public });
  log.info({ revision: current.revision, fabric: fabric.driver }, 'serving');

  return {
    revision: current.revision,
    async stop() {
      await edge.close();
      names.close();
      await stepping;
      await fabric.close();
      await store.close();
      lock.release();
      log.info({}, 'stopped');
    },
  };
}

/** The child's end of the channel to host.ts: `{config}` in, `{ready}` or `{fault}` out, `{stop}` in. Without its parent it stops. */
function underHost(): void {
  let running: Promise<{ revision: number; stop(): Promise<void> }> | undefined;
  const stop = async (): Promise<void> => {
    try {
      await (await running)?.stop();
    } finally {
      process.exit(0);
    }
  };
  process.on('disconnect', () => void stop());
  process.on('message', (message: { config?: Config; stop?: true }) => {
    if (message.stop) return void stop();
    if (!message.config || running) return;
    running = serve(message.config, { management: 4, public: 5 });
    running.then(
      ({ revision }) => process.send?.({ ready: { revision } }),
      (thrown: unknown) => {
        const fault = asFault(thrown);
        const text = fault.kind === 'internal' ? String((fault.cause as Error)?.stack ?? fault.cause) : fault.message;
        process.send?.({ fault: { code: fault.code, message: text } }, () => process.exit(1));
      },
    );
  });
}

if (import.meta.main) underHost();
