import { Inject, Injectable } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { settings, type Settings } from '../../config/settings.js';
import { ImageError, OutboundError } from '../../errors/app-error.js';
import type { HostHeaders } from '../../outbound/download/host-headers.js';
import type { Validators } from '../../outbound/download/validators.js';
import type { Download } from '../../outbound/download/file-downloader.js';
import type { Permit } from '../../concurrency/circuit-breaker.js';
import type { SpooledBody } from '../../outbound/download/spooled-body.js';
import type { Settlement } from '../scheduling/image-settlement.js';
import { ImageHeaders } from '../../requests/image-headers.js';
import { Files } from '../../stored-files/files.js';
import { Owners } from '../../stored-files/owners.js';
import { type CompressedImage, openSource } from '../../compression/compress.js';
import { canonicalOptions, type CompressionOptions } from '../../compression/options.js';
import type { ClaimedImage } from '../scheduling/image-claims.js';
import { ImageDownloader } from '../hosts/image-downloader.js';
import { makeOutputKey } from '../output-key.js';
import { KeptSources } from './kept-sources.js';
import { notAnImage } from './not-an-image.js';
import { type CachedResult, type KnownUrl, type MadeFor, ResultCache } from './result-cache.js';
import { ShutdownError } from './retry-policy.js';
import { Semaphore } from './semaphore.js';

/** Deaths while an image was in the encoder after which it is taken to be their cause (decision 0004). */
const MAX_CRASHES = 3;

/** What servers answer that do not understand a conditional request. */
const CONDITION_REFUSED = /^HTTP_(400|405|406|412|417)$/;

type Done = Extract<Settlement, { status: 'done' }>;

/** One try of an image: from its URL to a stored file. */
@Injectable()
export class ImageCompressor {
  private readonly shutdown = new AbortController();
  private readonly encoderSlots: Semaphore;
  private readonly pixels: Semaphore;

  constructor(
    private readonly downloader: ImageDownloader,
    private readonly cache: ResultCache,
    private readonly files: Files,
    private readonly owners: Owners,
    private readonly headers: ImageHeaders,
    private readonly sources: KeptSources,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    setMaxListeners(0, this.shutdown.signal); // one per download in flight
    this.encoderSlots = new Semaphore(settings.CONCURRENCY);
    // A decoded pixel costs up to 10 bytes, so this is what bounds the memory, not the number of images.
    this.pixels = new Semaphore(settings.MAX_IMAGE_PIXELS);
  }

  /** How many encoders work, of how many. */
  get encoders(): { used: number; total: number } {
    return { used: this.encoderSlots.used, total: this.settings.CONCURRENCY };
  }

  /**
   * Downloads, compresses and stores an image; or takes the stored result where the same bytes were compressed with the
   * same options before, and does not even download them where their server says that they are the same. A source that was kept is not
   * fetched.
   * @throws OutboundError, ImageError; UnavailableError where the storage or the disk is at fault; ShutdownError
   */
  async compress(claim: ClaimedImage, permit: Permit): Promise<Settlement> {
    if (claim.sourceKey)
      return this.compressForgetting(claim, { body: await this.sources.open(claim.sourceKey) });
    const headers = await this.headers.of(claim.requestKey);
    if (headers) return this.compressPrivately(claim, permit, headers);
    const known = await (claim.known ?? this.lookUp(claim));
    const changed = known && (await this.revalidate(claim, permit, known.source));
    const fetchAgain = () => this.download(claim, permit, null);
    if (changed) return this.compressFetched(claim, changed, fetchAgain);
    if (known && claim.download !== null) {
      this.cache.rememberSource(claim.inputUrl, known.source, known.content);
      return this.done(claim, known.content, known.results.map(asReused), true);
    }
    claim.download = null;
    return this.compressFetched(claim, (await fetchAgain())!, fetchAgain);
  }

  /** What is fetched with headers of the user's own is remembered by no other request, and takes no result of another. */
  private async compressPrivately(
    claim: ClaimedImage,
    permit: Permit,
    headers: HostHeaders,
  ): Promise<Settlement> {
    const fetch = () => this.download(claim, permit, null, headers);
    return this.compressFetched(claim, (await fetch())!, fetch, { isPrivate: true });
  }

  /**
   * A body of which the server did not say where it ends may have been cut: only the decoder can tell, and the file is
   * fetched once more before it counts as damaged.
   */
  private async compressFetched(
    claim: ClaimedImage,
    download: Download,
    fetchAgain: () => Promise<Download | null>,
    { isPrivate } = { isPrivate: false },
  ): Promise<Settlement> {
    const compress = (fetched: Download) =>
      isPrivate ? this.compressForgetting(claim, fetched) : this.compressDownload(claim, fetched);
    try {
      return await compress(download);
    } catch (error) {
      const mayBeCut = error instanceof ImageError && error.code === 'IMAGE_CORRUPT' && !download.hasKnownEnd;
      if (!mayBeCut) throw error;
      return compress((await fetchAgain())!);
    }
  }

  /**
   * Looks up what is known of the URL of an image that waits for its turn, so that the images of a claim share a statement, and
   * none of them waits for it later.
   */
  prepare(claim: ClaimedImage): void {
    claim.known = this.lookUp(claim);
    claim.known.catch(() => undefined); // the try meets it
  }

  /** Ends the tries under way with a {@link ShutdownError}. */
  abort(): void {
    this.shutdown.abort(new ShutdownError());
  }

  private async lookUp({ inputUrl, request }: ClaimedImage): Promise<KnownUrl | null> {
    const mustFetch = request.isFresh || request.keepSourcesDays > 0;
    return mustFetch ? null : this.cache.findByUrl(inputUrl, formsOf(request));
  }

  /** Null where nothing has changed, or where the server refuses conditional requests: then `claim.download` is null. */
  private async revalidate(claim: ClaimedImage, permit: Permit, known: Validators): Promise<Download | null> {
    try {
      return await this.download(claim, permit, known);
    } catch (error) {
      if (error instanceof OutboundError && CONDITION_REFUSED.test(error.code)) return null;
      throw error;
    }
  }

  private async download(
    claim: ClaimedImage,
    permit: Permit,
    known: Validators | null,
    headers?: HostHeaders,
  ): Promise<Download | null> {
    const startedAt = performance.now();
    const download = await this.downloader.download(
      permit,
      known,
      claim.inputUrl,
      this.shutdown.signal,
      headers,
    );
    claim.download = {
      how: download ? 'fetched' : 'not_modified',
      milliseconds: performance.now() - startedAt,
    };
    return download;
  }

  private async compressForgetting(
    claim: ClaimedImage,
    { body }: Pick<Download, 'body'>,
  ): Promise<Settlement> {
    try {
      const settlement = settlementOf(claim, await this.compressBody(claim, body, formsOf(claim.request)));
      return await this.withSource(claim, body, settlement);
    } finally {
      await body.discard();
    }
  }

  private async compressDownload(claim: ClaimedImage, { body, ...source }: Download): Promise<Settlement> {
    try {
      const settlement = await this.compressUnknown(claim, body);
      if (source.hasKnownEnd) this.cache.rememberSource(claim.inputUrl, source, body.sha256);
      return await this.withSource(claim, body, settlement);
    } finally {
      await body.discard();
    }
  }

  /** Keeps the source, where its request asks for that. In a slot of the encoder, so that not all are in memory at once. */
  private async withSource(claim: ClaimedImage, body: SpooledBody, settlement: Done): Promise<Done> {
    if (claim.sourceKey || claim.request.keepSourcesDays === 0) return settlement;
    const keep = () => this.sources.keep(claim.request, body);
    return { ...settlement, source: await this.encoderSlots.use(1, claim.requestKey, keep) };
  }

  /** Compresses in those forms whose result is not known yet. */
  private async compressUnknown(claim: ClaimedImage, body: SpooledBody): Promise<Done> {
    const forms = formsOf(claim.request);
    const find = (made: MadeFor) =>
      claim.request.isFresh ? null : this.cache.findByContent(body.sha256, made);
    const known = await Promise.all(forms.map(find));
    const missing = forms.filter((_, index) => !known[index]);
    const made = missing.length > 0 ? await this.compressBody(claim, body, missing) : [];
    const results = known.map((result) => (result ? asReused(result) : made.shift()!));
    return this.done(claim, body.sha256, results, missing.length === 0);
  }

  /** In each of the forms, in their order. */
  private async compressBody(
    claim: ClaimedImage,
    body: SpooledBody,
    forms: MadeFor[],
  ): Promise<CachedResult[]> {
    const images = await this.encode(claim, body, forms);
    const { ownerKey } = claim.request;
    const salt = await this.owners.saltOf(ownerKey);
    const results: CachedResult[] = [];
    for (const { data, contentType, outcome, input, output, report } of images) {
      const outputKey = makeOutputKey(salt, data, output.format);
      const file = { key: outputKey, ownerKey, kind: 'output', bytes: data.length, contentType } as const;
      await this.files.store(file, data);
      results.push({ outputKey, facts: { outcome, input, output, report } });
    }
    return results;
  }

  private done(claim: ClaimedImage, content: string, results: CachedResult[], isReused: boolean): Done {
    formsOf(claim.request).forEach((made, index) => this.cache.rememberResult(content, made, results[index]));
    return settlementOf(claim, results, isReused);
  }

  /** Waits for the encoder with the download on disk, and brings it into memory only when its turn has come. */
  private encode(claim: ClaimedImage, body: SpooledBody, forms: MadeFor[]): Promise<CompressedImage[]> {
    const slots = claim.crashes > 1 ? this.settings.CONCURRENCY : 1; // alone: it ends nobody else's work
    return this.encoderSlots.use(slots, claim.requestKey, async () => {
      this.shutdown.signal.throwIfAborted();
      const source = await body.read();
      if (claim.crashes === 0) return this.decodeAndEncode(claim, source, forms);
      await this.refuseCauseOfCrashes(claim);
      try {
        return await this.decodeAndEncode(claim, source, forms);
      } finally {
        await claim.keeper.noteSurvival(claim);
      }
    });
  }

  private async decodeAndEncode(
    claim: ClaimedImage,
    source: Buffer,
    forms: MadeFor[],
  ): Promise<CompressedImage[]> {
    const image = await openSource(source, this.settings.MAX_IMAGE_PIXELS).catch((error: unknown) => {
      const isNone = error instanceof ImageError && error.code === 'NOT_AN_IMAGE';
      throw (isNone && notAnImage(source)) || error;
    });
    const weight = Math.max(...forms.map(({ options }) => image.weight(options)));
    return this.pixels.use(weight, claim.requestKey, async () => {
      const made = new Map<string, CompressedImage>();
      for (const options of sizesFirst(forms)) {
        this.shutdown.signal.throwIfAborted();
        const id = canonicalOptions(options);
        if (!made.has(id)) made.set(id, await image.compress(options));
      }
      return forms.map(({ options }) => made.get(canonicalOptions(options))!);
    });
  }

  private async refuseCauseOfCrashes(claim: ClaimedImage): Promise<void> {
    if ((await claim.keeper.noteDecoding(claim)) > MAX_CRASHES) {
      throw new ImageError('PROCESSING_CRASHED', 'Processing this image ended the worker again and again.');
    }
  }
}

/** The image itself first, then its renditions in the order of the request. */
function formsOf({ ownerKey, options, renditions }: ClaimedImage['request']): MadeFor[] {
  return [{ ownerKey, options }, ...renditions.map((each) => ({ ownerKey, options: each.options }))];
}

/** Those that are decoded once, one after the other: what is held for them goes before anything else is decoded. */
function sizesFirst(forms: MadeFor[]): CompressionOptions[] {
  const all = forms.map(({ options }) => options);
  return [...all.filter(({ decodedFor }) => decodedFor), ...all.filter(({ decodedFor }) => !decodedFor)];
}

/** An earlier result as it is: its file is neither read nor written. */
function asReused({ outputKey, facts }: CachedResult): CachedResult {
  return { outputKey, facts: { ...facts, report: { ...facts.report, milliseconds: 0 } } };
}

function settlementOf(
  { download, request }: ClaimedImage,
  [main, ...others]: CachedResult[],
  isReused = false,
): Done {
  const renditions = others.map(({ outputKey, facts: { output, report } }, index) => {
    return { name: request.renditions[index].name, outputKey, output, report };
  });
  return { status: 'done', download, outputKey: main.outputKey, isReused, ...main.facts, renditions };
}
