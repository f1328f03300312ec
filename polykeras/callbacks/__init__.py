"""What can be done in the course of training."""

from .averages import SwapEMAWeights
from .backup import BackupAndRestore
from .callback import Callback, CallbackList
from .checkpoint import ModelCheckpoint
from .csv_logger import CSVLogger
from .functions import LambdaCallback
from .history import History
from .learning_rates import LearningRateScheduler, ReduceLROnPlateau
from .orbax import OrbaxCheckpoint
from .progress import ProgbarLogger
from .remote_monitor import RemoteMonitor
from .stopping import EarlyStopping, TerminateOnNaN
from .tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OrbaxCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
