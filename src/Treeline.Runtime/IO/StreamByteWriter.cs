using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>A <see cref="Stream"/> to write bytes to.</summary>
internal sealed class StreamByteWriter(Stream stream) : IByteWriter
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        stream.WriteAsync(buffer, cancellationToken);

    /// <summary>All of them: a stream does not write some.</summary>
    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    public async ValueTask<int> WriteSomeAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        return buffer.Length;
    }
}
