using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>A <see cref="Stream"/> to read bytes from.</summary>
internal sealed class StreamByteReader(Stream stream) : IByteReader
{
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        stream.ReadAsync(buffer, cancellationToken);

    /// <summary>A read into nothing, which with sockets, pipes and TLS waits until there is something.</summary>
    [AsyncMethodBuilder(typeof(OperationBuilder))]
    public async ValueTask ReadableAsync(CancellationToken cancellationToken = default) =>
        await stream.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);

    public override string? ToString() => stream.ToString();
}
