using System.IO.Pipelines;

namespace Treeline.IO;

/// <summary>
/// A stream as a pipe. Reader and writer are those that .NET makes over a <see cref="Stream"/>: they read and write when they are asked
/// to, so there is nothing that runs on after them. While a reader waits it holds no buffer.
/// </summary>
internal sealed class SplitPipe(ReadHalf read, WriteHalf write) : IDuplexPipe
{
    private static readonly StreamPipeReaderOptions s_reading = new(useZeroByteReads: true);

    public PipeReader Input { get; } = PipeReader.Create(read.AsStream(), s_reading);

    public PipeWriter Output { get; } = PipeWriter.Create(write.AsStream());
}
