"""Ask the processor to fetch a word that will be read soon."""

# mypy: disable-error-code="no-untyped-call,import-untyped"
# llvmlite and the inside of numba carry no types.

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np import arrayobj


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """``prefetch(array, index)``: bring ``array[index]`` near; changes nothing."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = arrayobj.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.bitcast(
            builder.gep(view.data, [arguments[1]]), ir.IntType(8).as_pointer()
        )
        i32 = ir.IntType(32)
        name = "llvm.prefetch.p0" if str(address.type) == "ptr" else "llvm.prefetch.p0i8"
        kind = ir.FunctionType(ir.VoidType(), [address.type, i32, i32, i32])
        call = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(call, [address, i32(0), i32(3), i32(1)])  # read, keep, data
        return context.get_dummy_value()

    return types.void(array, index), emit
