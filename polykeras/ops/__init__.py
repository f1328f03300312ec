"""The ops: functions of arrays that mean the same on every backend, and on Specs."""

from types import ModuleType as _ModuleType

from . import image, linalg, nn, numpy, random, updates
from .activation import (
    celu,
    elu,
    gelu,
    glu,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    squareplus,
    swish,
    tanh_shrink,
)
from .adaptive import (
    adaptive_average_pool,
    adaptive_max_pool,
)
from .arithmetic import (
    add,
    arctan2,
    clip,
    divide,
    floor_divide,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    power,
    reciprocal,
    square,
    subtract,
    true_divide,
)
from .attention import (
    dot_product_attention,
)
from .bessel import (
    i0,
    i1,
)
from .blocks import (
    depth_to_space,
    fold,
    space_to_depth,
    unfold,
)
from .brackets import (
    get_item,
)
from .channels import group_normalization, normalize_batch
from .complexes import (
    angle,
    conj,
    conjugate,
    imag,
    isreal,
    make_complex,
    polar,
    real,
    view_as_complex,
    view_as_real,
)
from .control import (
    cond,
    elementwise,
    fori_loop,
    map,
    run_branch,
    scan,
    switch,
    while_loop,
)
from .conversion import (
    array,
    as_array,
    cast,
    convert_to_numpy,
    convert_to_tensor,
    dtype,
    is_tensor,
    ndim,
    shape,
    size,
    stop_gradient,
)
from .convolution import (
    conv,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    conv_transpose,
    convolve,
    convolve_input_gradient,
    convolve_kernel_gradient,
    depthwise_conv,
    separable_conv,
)
from .counting import (
    bincount,
    histogram,
)
from .creation import (
    arange,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    identity,
    multi_hot,
    one_hot,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from .ctc import (
    ctc_decode,
    ctc_loss,
)
from .diagonals import (
    diag,
    diagflat,
    diagonal,
    trace,
    tri,
    tril,
    triu,
)
from .draws import (
    rng_bits,
)
from .elementary import (
    abs,
    absolute,
    ceil,
    cos,
    erf,
    erfc,
    erfinv,
    exp,
    expm1,
    floor,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    rint,
    round,
    rsqrt,
    sign,
    sin,
    sqrt,
    tanh,
)
from .exponential import (
    cbrt,
    exp2,
    log2,
    log10,
    logaddexp,
    logaddexp2,
)
from .factorization import (
    cholesky,
    lu_factor,
    qr,
)
from .fourier import (
    fft,
    fft2,
    ifft2,
    irfft,
    rfft,
)
from .gradient import (
    custom_gradient,
    grad,
    hessian,
    jacobian,
    jvp,
    remat,
    value_and_grad,
    vjp,
)
from .indexing import (
    add_along_axis,
    gather,
    gather_along_axis,
    scatter,
    scatter_update,
    slice,
    slice_update,
    strided_slice,
    strided_slice_gradient,
    take,
    take_along_axis,
)
from .joining import (
    append,
    array_split,
    dsplit,
    dstack,
    hsplit,
    hstack,
    meshgrid,
    vsplit,
    vstack,
)
from .linear import (
    affine,
    contract,
    dot,
    einsum,
    matmul,
    tensordot,
)
from .logic import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    equal,
    greater,
    greater_equal,
    left_shift,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    nonzero,
    not_equal,
    right_shift,
    where,
)
from .mapping import (
    associative_scan,
    vectorize,
    vectorized_map,
)
from .missing import (
    nanargmax,
    nanargmin,
    nancumprod,
    nancumsum,
    nanmax,
    nanmean,
    nanmin,
    nanprod,
    nanstd,
    nansum,
    nanvar,
)
from .movement import (
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    pad,
    pad_computed,
    pad_constant,
    ravel,
    repeat,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    swapaxes,
    take_range,
    tile,
    transpose,
    unstack,
)
from .normalization import (
    batch_normalization,
    layer_normalization,
    moments,
    normalize,
    rms_normalization,
)
from .norms import (
    lstsq,
    matrix_rank,
    norm,
    pinv,
)
from .piecewise import (
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    relu6,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    threshold,
)
from .pooling import (
    average_pool,
    max_pool,
    window_max,
    window_max_gradient,
    window_max_select,
    window_sum,
    window_sum_gradient,
)
from .products import (
    cdist,
    cross,
    inner,
    kron,
    outer,
    vdot,
)
from .quantiles import (
    median,
    nanmedian,
    nanpercentile,
    nanquantile,
    percentile,
    quantile,
)
from .rearranging import (
    fliplr,
    flipud,
    rearrange,
    rot90,
)
from .recurrent import gru, lstm, lstm_steps, simple_rnn
from .reduction import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumprod,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    prod,
    product,
    running_product,
    running_sum,
    std,
    sum,
    var,
)
from .representation import (
    copy,
    ldexp,
    nextafter,
    saturate_cast,
    signbit,
    view,
)
from .scores import (
    binary_crossentropy,
    categorical_crossentropy,
    in_top_k,
    psnr,
    sparse_categorical_crossentropy,
)
from .searching import (
    argpartition,
    digitize,
    isin,
    select,
    unique,
    unravel_index,
)
from .segments import (
    segment_max,
    segment_min,
    segment_prod,
    segment_sum,
)
from .signals import (
    extract_sequences,
    istft,
    stft,
)
from .solving import (
    cholesky_inverse,
    det,
    inv,
    logdet,
    slogdet,
    solve,
    solve_triangular,
)
from .sorting import (
    argsort,
    searchsorted,
    sort,
    top_k,
)
from .spacing import (
    geomspace,
    linspace,
    logspace,
    vander,
)
from .special_values import (
    allclose,
    divide_no_nan,
    fabs,
    fmax,
    fmin,
    heaviside,
    isclose,
    isneginf,
    isposinf,
    nan_to_num,
)
from .spectra import (
    eig,
    eigh,
    svd,
)
from .statistics import (
    average,
    corrcoef,
    correlate,
    diff,
    ptp,
    trapezoid,
)
from .tapers import (
    bartlett,
    blackman,
    hamming,
    hanning,
    kaiser,
)
from .trigonometry import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    cosh,
    deg2rad,
    hypot,
    rad2deg,
    sinc,
    sinh,
    tan,
)
from .whole_numbers import (
    fmod,
    gcd,
    lcm,
    trunc,
)

_PARTS = [
    "add_along_axis",
    "as_array",
    "contract",
    "convolve",
    "convolve_input_gradient",
    "convolve_kernel_gradient",
    "gather",
    "gather_along_axis",
    "pad_computed",
    "pad_constant",
    "product",
    "rint",
    "rng_bits",
    "run_branch",
    "running_product",
    "running_sum",
    "strided_slice",
    "strided_slice_gradient",
    "take_range",
    "window_max",
    "window_max_gradient",
    "window_max_select",
    "window_sum",
    "window_sum_gradient",
]
"""What ops are made of, for kernels and rules: to be found under `ops` like the others, but not shown."""

_NAMESPACES = ["image", "linalg", "nn", "numpy", "random"]

__all__ = [
    *_NAMESPACES,
    *(
        name
        for name, value in globals().items()
        if not (name.startswith("_") or isinstance(value, _ModuleType) or name in _PARTS)
    ),
]


def __dir__() -> list[str]:
    return sorted(__all__)
