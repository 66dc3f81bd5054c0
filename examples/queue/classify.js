/**
 * Classifies the pictures of a folder with the workers that listen, and prints each file with its answer.
 *
 *     REDIS_URL=redis://queue.example:6379 node examples/queue/classify.js FOLDER
 *
 * What has been answered before is not asked again.
 */
import { argv } from "node:process";
import { classifyFolder } from "./producer.js";
import { connect } from "./redis.js";

const [, , folder] = argv;
if (folder === undefined) {
  console.error("usage: node examples/queue/classify.js FOLDER");
  process.exit(2);
}
const redis = connect();
redis.on("error", (error) => console.error(`Redis: ${error.message || error}`));
let errors = 0;
try {
  for await (const { file, answer } of classifyFolder(redis, folder)) {
    if ("error" in answer) {
      errors++;
      console.log(`${file}\terror: ${answer.error}`);
    } else console.log(`${file}\t${answer.label}\t${(100 * answer.probability).toFixed(1)} %`);
  }
} finally {
  await redis.quit();
}
if (errors > 0) process.exitCode = 1;
