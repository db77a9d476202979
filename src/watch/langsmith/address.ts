const AGENT = /^lrn:(agents\/[^/]+\/environments\/[^/]+)$/;

/**
 * The project that an address stands for: newer SDKs name an agent and its environment in the place of
 * a project, `lrn:agents/support/environments/production`. Undefined for what is no address.
 */
export function projectOfAddress(address: string): string | undefined {
  return AGENT.exec(address)?.[1];
}
