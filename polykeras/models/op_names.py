"""The names under which files have ops that stand in a graph: classes of Keras, and which arguments belong to them."""

from __future__ import annotations

from typing import Any, NamedTuple

_TABLE = {
    "numpy": """
    abs add all:axis,keepdims allclose:rtol,atol,equal_nan amax:axis,keepdims amin:axis,keepdims angle
    any:axis,keepdims append:axis arange:dtype arccos arccosh arcsin arcsinh arctan arctan2 arctanh
    argmax:axis,keepdims argmin:axis,keepdims argpartition:kth,axis argsort:axis array_split:indices_or_sections,axis
    average:axis bincount:weights,minlength,sparse bitwise_and bitwise_not bitwise_or bitwise_xor broadcast_to:shape
    cbrt ceil clip:x_min,x_max concatenate:axis conjugate copy corrcoef correlate:mode cos cosh count_nonzero:axis
    cross:axisa,axisb,axisc,axis cumprod:axis,dtype cumsum:axis,dtype deg2rad diag:k diagflat:k
    diagonal:offset,axis1,axis2 diff:n,axis digitize divide divide_no_nan dot dsplit:indices_or_sections dstack equal
    exp exp2 expand_dims:axis expm1 fabs flip:axis fliplr flipud floor floor_divide fmax fmin fmod full:shape,dtype
    full_like:dtype gcd geomspace:num,endpoint,dtype,axis get_item greater greater_equal heaviside
    histogram:bins,range hsplit:indices_or_sections hstack hypot i0 imag inner isclose:equal_nan isfinite
    isin:assume_unique,invert isinf isnan isneginf isposinf isreal kron lcm ldexp left_shift less less_equal
    linspace:num,endpoint,retstep,dtype,axis log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not
    logical_or logical_xor logspace:num,endpoint,base,dtype,axis matmul max:axis,keepdims,initial maximum
    mean:axis,keepdims median:axis,keepdims meshgrid:indexing min:axis,keepdims,initial minimum mod
    moveaxis:source,destination multiply nan_to_num:nan,posinf,neginf nanargmax:axis,keepdims nanargmin:axis,keepdims
    nancumprod:axis,dtype nancumsum:axis,dtype nanmax:axis,keepdims nanmean:axis,keepdims nanmedian:axis,keepdims
    nanmin:axis,keepdims nanpercentile:axis,method,keepdims nanprod:axis,keepdims nanquantile:axis,method,keepdims
    nanstd:axis,keepdims nansum:axis,keepdims nanvar:axis,keepdims negative nextafter nonzero not_equal
    ones_like:dtype outer pad:pad_width,mode percentile:axis,method,keepdims power prod:axis,keepdims,dtype
    ptp:axis,keepdims quantile:axis,method,keepdims rad2deg real reciprocal repeat:repeats,axis reshape:newshape
    right_shift roll:shift,axis rot90:k,axes round:decimals searchsorted:side select sign signbit sin sinc sinh
    slogdet sort:axis split:indices_or_sections,axis sqrt square squeeze:axis stack:axis std:axis,keepdims subtract
    sum:axis,keepdims swapaxes:axis1,axis2 take:axis take_along_axis:axis tan tanh tensordot:axes tile:repeats
    trace:offset,axis1,axis2 transpose:axes trapezoid:x,dx,axis tril:k triu:k trunc
    unique:sorted,return_index,return_inverse,return_counts,axis,size,fill_value unravel_index:shape
    vander:N,increasing var:axis,keepdims vdot view:dtype vsplit:indices_or_sections vstack where zeros_like:dtype
    """,
    "nn": """
    adaptive_average_pool:output_size,data_format adaptive_max_pool:output_size,data_format
    average_pool:pool_size,strides,padding,data_format binary_crossentropy:from_logits
    categorical_crossentropy:from_logits,axis celu:alpha conv:strides,padding,data_format,dilation_rate
    conv_transpose:strides,padding,output_padding,data_format,dilation_rate
    ctc_decode:strategy,beam_width,top_paths,merge_repeated,mask_index ctc_loss:mask_index
    depth_to_space:block_size,data_format depthwise_conv:strides,padding,data_format,dilation_rate
    dot_product_attention:is_causal,flash_attention,attn_logits_soft_cap elu:alpha
    fold:output_size,kernel_size,dilation,padding,stride gelu:approximate glu:axis hard_shrink:threshold hard_sigmoid
    hard_silu hard_tanh leaky_relu:negative_slope log_sigmoid log_softmax:axis
    max_pool:pool_size,strides,padding,data_format moments:axes,keepdims,synchronized
    multi_hot:num_classes,axis,dtype,sparse normalize:axis,order,epsilon one_hot:num_classes,axis,dtype,sparse polar
    psnr:max_val relu relu6 selu separable_conv:strides,padding,data_format,dilation_rate sigmoid silu
    soft_shrink:threshold softmax:axis softplus softsign space_to_depth:block_size,data_format
    sparse_categorical_crossentropy:from_logits,axis sparse_plus sparse_sigmoid sparsemax:axis squareplus:b
    tanh_shrink threshold:threshold,default_value unfold:kernel_size,dilation,padding,stride
    """,
    "image": """
    affine_transform:interpolation,fill_mode,fill_value,data_format
    crop_images:top_cropping,left_cropping,bottom_cropping,right_cropping,target_height,target_width,data_format
    elastic_transform:alpha,sigma,interpolation,fill_mode,fill_value,seed,data_format
    extract_patches:size,strides,dilation_rate,padding,data_format gaussian_blur:kernel_size,sigma,data_format
    hsv_to_rgb:data_format map_coordinates:order,fill_mode,fill_value
    pad_images:top_padding,left_padding,bottom_padding,right_padding,target_height,target_width,data_format
    perspective_transform:interpolation,fill_value,data_format
    resize:size,interpolation,antialias,crop_to_aspect_ratio,pad_to_aspect_ratio,fill_mode,fill_value,data_format
    rgb_to_grayscale:data_format rgb_to_hsv:data_format scale_and_translate:spatial_dims,method,antialias
    sobel_edges:data_format ssim:max_val,filter_size,filter_sigma,k1,k2,data_format
    """,
    "core": """
    associative_scan:reverse,axis cast:dtype cond convert_to_tensor:dtype,sparse,ragged
    fori_loop:lower,upper,body_fun map saturate_cast:dtype scan:length,reverse,unroll scatter:shape
    scatter_update:reduction slice:shape slice_update stop_gradient unstack:num,axis vectorized_map:function
    while_loop:cond,body,maximum_iterations
    """,
    "math": """
    cdist erf erfc erfinv extract_sequences:sequence_length,sequence_stride fft fft2 ifft2 in_top_k:k
    irfft:fft_length istft:sequence_length,sequence_stride,fft_length,length,window,center logdet
    logsumexp:axis,keepdims rfft:fft_length rsqrt segment_max:num_segments,sorted segment_min:num_segments,sorted
    segment_prod:num_segments,sorted segment_sum:num_segments,sorted
    stft:sequence_length,sequence_stride,fft_length,window,center top_k:k,sorted view_as_complex view_as_real
    """,
    "linalg": """
    cholesky:upper cholesky_inverse:upper det eig eigh inv lstsq:rcond lu_factor matrix_rank:tol
    norm:ord,axis,keepdims pinv:rcond qr:mode solve solve_triangular:lower svd:full_matrices,compute_uv
    """,
}
"""For each of Keras's modules its ops: the name of each, and the arguments that its class takes, not its call."""

_CLASSES = {
    "allclose": "AllClose",
    "cdist": "CDist",
    "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss",
    "fft": "FFT",
    "fft2": "FFT2",
    "hsv_to_rgb": "HSVToRGB",
    "ifft2": "IFFT2",
    "irfft": "IRFFT",
    "isin": "IsIn",
    "istft": "ISTFT",
    "psnr": "PSNR",
    "rfft": "RFFT",
    "rgb_to_grayscale": "RGBToGrayscale",
    "rgb_to_hsv": "RGBToHSV",
    "searchsorted": "SearchSorted",
    "ssim": "SSIM",
    "stft": "STFT",
    "svd": "SVD",
}
"""The classes whose names are not those of the ops in other letters."""

_READ_AS = {
    "Absolute": "abs",
    "BitwiseInvert": "bitwise_not",
    "BitwiseLeftShift": "left_shift",
    "BitwiseRightShift": "right_shift",
    "Conj": "conjugate",
    "TrueDivide": "divide",
}
"""Classes that are another name for an op."""


class OpName(NamedTuple):
    """What a file calls an op."""

    module: str
    class_name: str
    settings: tuple[str, ...]
    """The arguments that its class takes; the others are those of its call."""


def _rows() -> dict[str, OpName]:
    rows = {}
    for module, text in _TABLE.items():
        for entry in text.split():
            op, _, settings = entry.partition(":")
            name = _CLASSES.get(op) or "".join(word[:1].upper() + word[1:] for word in op.split("_"))
            rows[op] = OpName(f"keras.src.ops.{module}", name, tuple(filter(None, settings.split(","))))
    return rows


def is_of_ops(module: object) -> bool:
    """Whether what a configuration names as the module is one of those in which Keras has its ops."""
    return isinstance(module, str) and module.startswith("keras.src.ops.")


NAMES = _rows()
_BY_CLASS = {**{row.class_name: op for op, row in NAMES.items()}, **_READ_AS}


def op_of(data: dict[str, Any]) -> str | None:
    """The op that an entry of a configuration is a call of, or None if it is a layer or anything else.

    >>> op_of({"module": "keras.src.ops.numpy", "class_name": "TrueDivide"})
    'divide'
    """
    return _BY_CLASS.get(str(data.get("class_name"))) if is_of_ops(data.get("module")) else None
