"""Top-1 of exported weights on a list of pictures ("path index" a line, paths relative to the list).

    python evaluate.py --weights model.safetensors --list DIR/list.txt [--mode stretch|crop|letterbox] [--nv12]
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import load_file

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)


def resized(picture, mode, filter):
    """224x224 RGB as a deployed node makes it: stretched, short side 256 and centre crop, or padded with 127."""
    width, height = picture.size
    if mode == "stretch":
        return picture.resize((224, 224), filter)
    if mode == "crop":
        scale = 256 / min(width, height)
        picture = picture.resize((round(width * scale), round(height * scale)), filter)
        left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
        return picture.crop((left, top, left + 224, top + 224))
    scale = 224 / max(width, height)
    picture = picture.resize((int(width * scale), int(height * scale)), filter)
    canvas = Image.new("RGB", (224, 224), (127, 127, 127))
    canvas.paste(picture, ((224 - picture.width) // 2, (224 - picture.height) // 2))
    return canvas


def through_nv12(rgb):
    """Full-range NV12 with the chroma of the top-left pixel of each 2x2, and back."""
    r, g, b = (rgb[..., i].astype(np.float32) for i in range(3))
    y = np.clip(np.round(0.299 * r + 0.587 * g + 0.114 * b), 0, 255)
    u = np.clip(np.round(-0.169 * r - 0.331 * g + 0.5 * b + 128), 0, 255)[::2, ::2].repeat(2, 0).repeat(2, 1) - 128
    v = np.clip(np.round(0.5 * r - 0.419 * g - 0.081 * b + 128), 0, 255)[::2, ::2].repeat(2, 0).repeat(2, 1) - 128
    return np.clip(np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], -1), 0, 255)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--list", required=True)
    parser.add_argument("--mode", choices=["stretch", "crop", "letterbox"], default="stretch")
    parser.add_argument("--filter", choices=["bilinear", "nearest", "box"], default="bilinear")
    parser.add_argument("--nv12", action="store_true")
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()

    state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(args.weights).items()}
    classes = state["head.linear.weight"].shape[0]
    model = timm.create_model("efficientvit_m5", num_classes=classes)
    model.load_state_dict(state)
    model.eval().to(memory_format=torch.channels_last)
    labels_path = Path(__file__).parent.parent / "models" / "efficientvit_m5_signs" / "labels.txt"
    names = labels_path.read_text().split()
    list_path = Path(args.list)
    entries = [line.rsplit(" ", 1) for line in list_path.read_text().splitlines()][: args.limit]
    filter = {"bilinear": Image.BILINEAR, "nearest": Image.NEAREST, "box": Image.BOX}[args.filter]
    right, mistakes, totals, misses = 0, Counter(), Counter(), Counter()
    with torch.no_grad():
        for start in range(0, len(entries), 64):
            pictures, wanted = [], []
            for path, index in entries[start : start + 64]:
                with Image.open(list_path.parent / path) as picture:
                    rgb = np.asarray(resized(picture.convert("RGB"), args.mode, filter))
                pictures.append(through_nv12(rgb) if args.nv12 else rgb.astype(np.float32))
                wanted.append(int(index))
            batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
            for answer, index in zip(model((batch - MEAN) / STD).argmax(1).tolist(), wanted):
                totals[index] += 1
                if answer == index:
                    right += 1
                else:
                    misses[index] += 1
                    mistakes[names[index], names[answer]] += 1
    print(f"{args.mode}{' nv12' if args.nv12 else ''} {args.filter}: top-1 {right}/{len(entries)} = {right / len(entries):.4f}")
    for (index, answer), count in mistakes.most_common(15):
        print(f"  {index} taken for {answer}: {count}")
    worst = ", ".join(f"{names[i]} {1 - misses[i] / totals[i]:.2f}" for i, _ in misses.most_common(8))
    print(f"  least sure: {worst}")


if __name__ == "__main__":
    main()
