"""Windows on which a run is measured. Knows numpy, no torch."""

from __future__ import annotations

from composer.training.batches import Batch, PackedEvents, Sampler
from composer.training.options import TrainOptions
from composer.training.sequences import SamplingOptions


def validation_batches(
    packed: PackedEvents, options: TrainOptions, pieces: int = 96
) -> list[Batch]:
    """Return plain windows of the validation split with all conditions, the same in every run."""
    if not packed.indices("valid"):
        return []
    plain = SamplingOptions(
        max_rows=options.sampling.max_rows,
        batch_rows=options.sampling.batch_rows,
        pool=pieces,
        hole_share=0.0,
        parts_share=0.0,
        theme_share=0.0,
        moved_share=0.0,
        fewer_parts_share=0.0,
        drop_one=0.0,
        drop_all=0.0,
        drop_bars_left=0.0,
        drop_sections=1.0,
        layout_share=0.0,
        style_alone=0.0,
    )
    return Sampler(packed, "valid", plain, seed=1).pool_batches(0)
