using Treeline.Net;

namespace Treeline.Tests.Drivers.Uring;

internal static class ReadableCaseExtensions
{
    /// <summary>Makes the kernel receive for a socket that nobody reads from: waits until it is readable, after <paramref name="send"/>.</summary>
    public static async Task ReadableCaseAsync(this StreamSocket socket, Func<Task> send)
    {
        ValueTask readable = socket.ReadableAsync(default);
        Task sending = send();
        await readable;
        await sending;
    }
}
