using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Treeline.App.Server;

/// <summary>Writes server-sent events. Not thread-safe: whoever writes holds the stream's lock.</summary>
internal sealed class SseWriter(PipeWriter pipe)
{
    public void Write<T>(string name, T data, JsonTypeInfo<T> type)
    {
        pipe.Write("event: "u8);
        pipe.Write(System.Text.Encoding.UTF8.GetBytes(name));
        pipe.Write("\ndata: "u8);
        // JSON never holds a raw line break, which would end the field.
        pipe.Write(JsonSerializer.SerializeToUtf8Bytes(data, type));
        pipe.Write("\n\n"u8);
    }

    /// <summary>A comment: readers skip it, and whatever sits in between sees that the connection lives.</summary>
    public void WriteKeepAlive() => pipe.Write(": keep-alive\n\n"u8);

    /// <summary>Sends what was written. Cancellation: what was written may be sent or not.</summary>
    /// <returns>False when the reader has gone.</returns>
    public async ValueTask<bool> FlushAsync(CancellationToken cancellationToken)
    {
        FlushResult result = await pipe.FlushAsync(cancellationToken);
        return !result.IsCompleted;
    }
}
