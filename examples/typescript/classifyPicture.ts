// Classifies a picture: npx tsx classifyPicture.ts photo.jpg
import { Classifier, loadModel, pictureFrame } from 'effvit';

const classifier = await Classifier.start(await loadModel());
const outcome = await classifier.classify(await pictureFrame(process.argv[2] ?? 'photo.jpg'));
console.log(outcome.kind === 'result' ? outcome.value : outcome.cause);
await classifier.close();
