"""The small files of a pretrained model in the run directory: checkpoints outlive its folder.

    model/    config.json, tokenizer, chat template, settings of generation; no weights

They are read only where the folder that the configuration names is gone.
"""

import shutil
from pathlib import Path

from seed.reference.pretrained.export import KEPT_MODEL, files_beside
from seed.reference.pretrained.folder import CONFIG
from seed.spec.atomic_files import written
from seed.spec.config import Config


def keep_model(config: Config, run: Path) -> None:
    """Copy what belongs to the run's tokenizer and model, if it has them from a folder.

    Raises:
        SeedError: UNWRITABLE_FILE.
    """
    if not config.tokenizer.path:
        return
    folder = Path(config.tokenizer.path)
    files = [folder / CONFIG, *(folder / name for name in files_beside(folder))]
    with written(run / KEPT_MODEL):
        (run / KEPT_MODEL).mkdir(exist_ok=True)
        for file in filter(Path.is_file, files):
            shutil.copyfile(file, run / KEPT_MODEL / file.name)


def with_kept_model(config: Config, run: Path) -> Config:
    """The configuration with the run's copy of the tokenizer where the folder is gone."""
    kept = run / KEPT_MODEL
    if not config.tokenizer.path or Path(config.tokenizer.path).is_dir() or not kept.is_dir():
        return config
    tokenizer = config.tokenizer.model_copy(update={"path": str(kept.resolve())})
    return config.model_copy(update={"tokenizer": tokenizer})
