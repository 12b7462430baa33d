import { jobQueueContract } from '../../test/contracts/job-queue.contract.js';
import { openQueue } from '../../test/helpers/queue.js';

describe('InProcessJobQueue', () => jobQueueContract(() => openQueue({})));
