import { LiveFeed } from '../web/LiveFeed.js';
import { LiveFrames } from '../web/LiveFrames.js';
import { LivePage } from '../web/LivePage.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import type { RclNode } from './rcl/rcl.js';

const OFF = 0;

/** The node's live page, if the parameter web_port is set; see {@link LivePage}. */
export class LiveView {
  readonly feed: LiveFeed;
  readonly frames: LiveFrames;
  readonly #node: RclNode;
  #page: LivePage | undefined;

  constructor(node: RclNode) {
    this.#node = node;
    this.feed = new LiveFeed(node.getFullyQualifiedName());
    this.frames = new LiveFrames(this.feed, (text) => node.getLogger().warn(text));
  }

  /**
   * Starts, moves or stops the page.
   *
   * @throws EffvitError IO_FAILED: the port is in use, or the address is not this machine's; then the old page stays.
   */
  async apply({ web_port: port, web_address: address }: NodeParameterValues): Promise<void> {
    const old = this.#page;
    // A page at another port is started first; one at the same port needs it.
    const isSamePort = old?.port === port;
    if (port === OFF || isSamePort) {
      await old?.close();
      this.#page = undefined;
      if (port === OFF) return;
    }
    try {
      this.#page = await LivePage.start({ feed: this.feed, port, address });
    } catch (error) {
      if (isSamePort) this.#page = await old.restart();
      throw error;
    }
    if (!isSamePort) await old?.close();
    const logger = this.#node.getLogger();
    logger.info(`Live page: ${this.#page.url}`);
    if (this.#page.isOpenToOthers) {
      logger.warn(
        `Everybody who reaches port ${port} of ${address} sees the cameras' pictures: web_address 127.0.0.1 keeps the live page to this machine.`,
      );
    }
  }

  /** Shows a dropped frame. */
  dropped(source: string, cause: string): void {
    if (this.#page !== undefined) this.feed.dropped(source, cause);
  }

  async close(): Promise<void> {
    await this.#page?.close();
    this.#page = undefined;
  }
}
