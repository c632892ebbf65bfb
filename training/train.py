"""Trains EfficientViT-M5 from nothing on the packed scenes that makeDataset writes.

    python train.py --data DIR --heldout DIR --stages 64:30,112:52,224:72 --out model.safetensors

The schedule runs by the clock, each stage as PIXELS:MINUTE of its end: first crops around the sign at 64 px, then
whole scenes at 112 px, last at 224 px, the resolution of the shipped model. The architecture is timm's
`efficientvit_m5`, unchanged; only below 224 px a smaller attention window reads its part of the bias table.
"""

import argparse
import itertools
import math
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import timm
import torch
import torch.distributed as dist
import torch.nn.functional as F
from safetensors.torch import save_file
from timm.models.efficientvit_msra import CascadedGroupAttention

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)


def set_resolution(model, pixels):
    """Gives every attention the window it has at this input size, with the offsets |dx|, |dy| of the full table."""
    side = pixels // 16
    for index, stage in enumerate(model.stages):
        if index:
            side = (side - 1) // 2 + 1
        for module in stage.modules():
            if not isinstance(module, CascadedGroupAttention):
                continue
            full = math.isqrt(module.attention_biases.shape[1])
            window = min(full, side)
            # timm numbers offsets in the order of their first appearance from the first point: row by row.
            points = list(itertools.product(range(window), range(window)))
            rows = [[abs(a[0] - b[0]) * full + abs(a[1] - b[1]) for b in points] for a in points]
            module.attention_bias_idxs = torch.tensor(rows)
            module.attention_bias_cache = {}
            module.resolution = window


class Shards:
    """Scenes in files that a generator may still be adding to."""

    def __init__(self, folder, side):
        self.folder, self.side, self.known = Path(folder), side, set()
        self.pictures, self.labels, self.boxes, self.index = [], [], [], np.zeros((0, 2), np.int64)

    def rescan(self):
        for labels_path in sorted(self.folder.glob("*.labels")):
            picture_path = labels_path.with_suffix(f".{self.side}.rgb")
            if labels_path in self.known or not picture_path.exists():
                continue
            labels = np.fromfile(labels_path, np.uint8)
            shape = (len(labels), self.side, self.side, 3)
            self.pictures.append(np.memmap(picture_path, np.uint8, "r", shape=shape))
            self.labels.append(labels)
            self.boxes.append(np.fromfile(labels_path.with_suffix(".boxes"), np.float32).reshape(-1, 4))
            rows = np.stack([np.full(len(labels), len(self.labels) - 1), np.arange(len(labels))], 1)
            self.index = np.concatenate([self.index, rows])
            self.known.add(labels_path)
        return len(self.index)

    def batch(self, rows, crop, random=None):
        """Pictures cut to `crop` px (in the middle, or anywhere where `random` is given) as uint8 NHWC."""
        pictures = np.empty((len(rows), crop, crop, 3), np.uint8)
        labels = np.empty(len(rows), np.int64)
        spare = self.side - crop
        for i, (shard, at) in enumerate(rows):
            y, x = (random.integers(0, spare + 1, 2)) if random is not None else (spare // 2, spare // 2)
            pictures[i] = self.pictures[shard][at, y : y + crop, x : x + crop]
            labels[i] = self.labels[shard][at]
        # A permuted NHWC tensor is channels_last already.
        return torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.from_numpy(labels)

    def zoomed(self, rows, pixels, random=None, span=(1.05, 2.0)):
        """Square crops that hold the sign, `span` times its size, as float NCHW of `pixels` px."""
        pictures = torch.empty((len(rows), 3, pixels, pixels), memory_format=torch.channels_last)
        labels = np.empty(len(rows), np.int64)
        for i, (shard, at) in enumerate(rows):
            x0, y0, x1, y1 = self.boxes[shard][at] * self.side
            sign = max(x1 - x0, y1 - y0)
            if random is None:
                crop, dx, dy = sign * 1.4, 0.0, 0.0
            else:
                crop = sign * random.uniform(*span)
                dx, dy = random.uniform(-0.5, 0.5, 2) * max(0.0, crop - sign)
                if sign >= self.side:  # no sign: any part of the scene
                    crop = self.side * random.uniform(0.4, 1)
                    dx, dy = random.uniform(-0.5, 0.5, 2) * (self.side - crop)
            crop = int(np.clip(crop, 24, self.side))
            left = int(np.clip((x0 + x1) / 2 + dx - crop / 2, 0, self.side - crop))
            top = int(np.clip((y0 + y1) / 2 + dy - crop / 2, 0, self.side - crop))
            part = torch.from_numpy(self.pictures[shard][at, top : top + crop, left : left + crop].copy())
            pictures[i] = F.interpolate(
                part.permute(2, 0, 1)[None].float(), (pixels, pixels), mode="bilinear", antialias=crop > pixels * 1.3
            )[0]
            labels[i] = self.labels[shard][at]
        return pictures, torch.from_numpy(labels)


def augment(pictures, random):
    """Brightness, contrast, colour gains and a hidden patch, different for each picture. No mirroring: arrows."""
    count, _, height, width = pictures.shape
    gain = torch.from_numpy(random.uniform(0.75, 1.25, (count, 1, 1, 1)) * random.uniform(0.93, 1.07, (count, 3, 1, 1)))
    offset = torch.from_numpy(random.uniform(-22, 22, (count, 1, 1, 1)))
    pictures = (pictures * gain.float() + offset.float()).clamp_(0, 255)
    for i in np.flatnonzero(random.random(count) < 0.15):
        h, w = (random.uniform(0.06, 0.24, 2) * height).astype(int)
        y, x = random.integers(0, height - h), random.integers(0, width - w)
        pictures[i, :, y : y + h, x : x + w] = torch.from_numpy(random.uniform(0, 255, (3, 1, 1))).float()
    return pictures


@torch.no_grad()
def evaluate(model, shards, pixels, limit, rank, processes):
    """Top-1 on the first `limit` scenes, shared out over the processes."""
    model.eval()
    set_resolution(model, pixels)
    crop = shards.side * 7 // 8
    right = torch.zeros(())
    rows = shards.index[:limit]
    for start in range(rank * 128, len(rows), processes * 128):
        part = rows[start : start + 128]
        pictures, labels = shards.zoomed(part, pixels) if pixels < 112 else shards.batch(part, crop)
        right += (model((pictures.float() - MEAN) / STD).argmax(1) == labels).sum().item()
    if processes > 1:
        dist.all_reduce(right)
    return right.item() / len(rows)


def average_over_processes(tensors, processes):
    """Every process gets the mean of its own and the others' tensors, in one message."""
    if processes == 1:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    flat /= processes
    at = 0
    for tensor in tensors:
        tensor.copy_(flat[at : at + tensor.numel()].view_as(tensor))
        at += tensor.numel()


def export(state, path, classes):
    """f16 safetensors with timm's names; whole numbers (batch counters) stay as they are."""
    tensors = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in state.items()}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata={"format": "pt", "architecture": "efficientvit_m5", "num_classes": str(classes)})
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--heldout", required=True)
    parser.add_argument("--out", required=True, help="f16 safetensors, rewritten after every epoch")
    parser.add_argument("--checkpoint", default="checkpoint.pt", help="state to resume from")
    parser.add_argument("--log", default=str(Path(__file__).with_name("train.log")))
    parser.add_argument("--stages", default="64:30,112:52,224:72", help="PIXELS:MINUTE of the end, in order")
    parser.add_argument("--epoch", type=int, default=16384, help="samples between two evaluations")
    parser.add_argument("--classes", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2, help="one thread each, gradients averaged at each step")
    args = parser.parse_args()
    if args.processes == 1:
        train(0, args)
    else:
        Path(args.checkpoint + ".rendezvous").unlink(missing_ok=True)
        torch.multiprocessing.spawn(train, (args,), args.processes)


def train(rank, args):
    # Threads that share every operation wait for one another all the time on a busy machine (measured: 10 times
    # slower); processes that meet once a step do not.
    torch.set_num_threads(1)
    if args.processes > 1:
        dist.init_process_group("gloo", f"file://{os.path.abspath(args.checkpoint)}.rendezvous", rank=rank, world_size=args.processes)
    torch.manual_seed(args.seed)
    random = np.random.default_rng((args.seed, rank))
    model = timm.create_model("efficientvit_m5", num_classes=args.classes).to(memory_format=torch.channels_last)
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.03}, {"params": plain, "weight_decay": 0}], args.lr)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    judge = timm.create_model("efficientvit_m5", num_classes=args.classes).to(memory_format=torch.channels_last)
    elapsed, epoch, step = 0.0, 0, 0
    if Path(args.checkpoint).exists():
        saved = torch.load(args.checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        average, elapsed, epoch, step = saved["average"], saved["elapsed"], saved["epoch"], saved["step"]
        random = np.random.default_rng((args.seed, rank, epoch))

    small, large = Shards(args.data, 128), Shards(args.data, 256)
    scenes_at = {64: small, 112: small, 224: large}
    small, large = Shards(args.heldout, 128), Shards(args.heldout, 256)
    heldout = {64: small, 112: small, 224: large}
    stages = [tuple(float(word) for word in stage.split(":")) for stage in args.stages.split(",")]
    samples_per_step = {64: 256, 112: 128, 224: 64}
    for shards in heldout.values():
        shards.rescan()

    def log(line):
        if rank != 0:
            return
        print(line, flush=True)
        with open(args.log, "a") as file:
            file.write(line + "\n")

    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), platform.processor())
    log(
        f"# seed {args.seed}, stages {args.stages}, {cpu}, {os.cpu_count()} cores, torch {torch.__version__}, "
        f"timm {timm.__version__}, {sum(p.numel() for p in model.parameters())} parameters, resumed at {elapsed / 60:.1f} min"
    )
    log("epoch minute pixels scenes samples/s lr loss train_top1 heldout_top1")
    total = stages[-1][1] * 60
    stage_pixels, current, averaged = 0, [], []
    while elapsed < total:
        pixels = next(int(side) for side, minute in stages if elapsed < minute * 60)
        shards = scenes_at[pixels]
        scenes = shards.rescan()
        size = samples_per_step[pixels] // args.processes
        if pixels != stage_pixels:
            # Weights of another resolution do not belong in the average.
            average = {k: v.detach().clone() for k, v in model.state_dict().items()}
            current = [v for v in model.state_dict().values() if v.is_floating_point()]
            averaged = [v for v in average.values() if v.is_floating_point()]
            stage_pixels = pixels
        set_resolution(model, pixels)
        model.train()
        begun = time.monotonic()
        epoch_start = elapsed
        seen, loss_sum, right = 0, 0.0, 0
        goal = args.epoch * {64: 2, 112: 1, 224: 0.5}[pixels] // args.processes
        order = random.permutation(scenes)
        cursor = 0
        while seen < goal and elapsed < total:
            if cursor + size > scenes:
                order, cursor = random.permutation(scenes), 0
            rows = shards.index[order[cursor : cursor + size]]
            cursor += size
            if pixels == 64 or random.random() < 0.3:
                pictures, labels = shards.zoomed(rows, pixels, random, (1.05, 2.0) if pixels == 64 else (1.1, 3.5))
            else:
                crop = int(random.integers(shards.side * 13 // 16, shards.side + 1))
                pictures, labels = shards.batch(rows, crop, random)
                antialias = bool(random.random() < 0.4)
                pictures = F.interpolate(pictures.float(), (pixels, pixels), mode="bilinear", antialias=antialias)
            pictures = ((augment(pictures, random) - MEAN) / STD).contiguous(memory_format=torch.channels_last)
            progress = elapsed / total
            lr = args.lr * min(1, (step + 1) / 200) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
            for group in optimizer.param_groups:
                group["lr"] = lr
            # bfloat16 pays at 224 px only (measured on AVX512-BF16: 69 against 57 samples/s).
            with torch.autocast("cpu", torch.bfloat16, enabled=pixels == 224):
                logits = model(pictures)
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            average_over_processes([p.grad for p in model.parameters()], args.processes)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            step += 1
            with torch.no_grad():
                torch._foreach_lerp_(averaged, current, 1 - min(0.985, step / (step + 20)))
            seen += len(rows)
            loss_sum += loss.item() * len(rows)
            right += (logits.argmax(1) == labels).sum().item()
            clock = torch.tensor(epoch_start + time.monotonic() - begun, dtype=torch.float64)
            if args.processes > 1:
                dist.broadcast(clock, 0)
            elapsed = clock.item()
        rate = seen * args.processes / (time.monotonic() - begun)
        average_over_processes([v for v in average.values() if v.is_floating_point()], args.processes)
        judge.load_state_dict(average)
        done = elapsed >= total
        top1 = evaluate(judge, heldout[pixels], pixels, 2048 if done else 1024, rank, args.processes)
        epoch += 1
        log(
            f"{epoch} {elapsed / 60:.1f} {pixels} {scenes} {rate:.1f} {lr:.5f} {loss_sum / seen:.4f} "
            f"{right / seen:.4f} {top1:.4f}"
        )
        clock = torch.tensor(epoch_start + time.monotonic() - begun, dtype=torch.float64)
        if args.processes > 1:
            dist.broadcast(clock, 0)
        elapsed = clock.item()
        if rank != 0:
            continue
        # The averaged weights of a 112 px epoch serve 224 px inputs too, if less well.
        export(average, args.out, args.classes)
        torch.save(
            dict(model=model.state_dict(), optimizer=optimizer.state_dict(), average=average, elapsed=elapsed, epoch=epoch, step=step),
            args.checkpoint + ".part",
        )
        os.replace(args.checkpoint + ".part", args.checkpoint)


if __name__ == "__main__":
    sys.exit(main())
