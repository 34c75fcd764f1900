using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Treeline.Drivers.Epoll;
using Treeline.Drivers.Linux;

namespace Treeline.Tests.Drivers.Epoll;

/// <summary>The test itself waits and dispatches, so that things can happen between the two.</summary>
public sealed class EpollDriverTests : IDisposable
{
    private readonly EpollDriver _driver = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public EpollDriverTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public void Dispose()
    {
        _driver.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task A_spurious_event_leaves_the_reader_waiting_and_the_next_is_not_missed()
    {
        using Pair pair = Open();
        ValueTask<int> reading = pair.Stream.ReadAsync(new byte[8], default);
        Drain();
        pair.Peer.Send("a"u8);
        Assert.True(_driver.Wait(10_000));
        Assert.Equal(1, Steal(pair.Descriptor)); // somebody else takes the byte before the event is dispatched
        _driver.Dispatch();
        Assert.False(reading.IsCompleted);
        pair.Peer.Send("bc"u8);
        Turn();
        Assert.Equal(2, await reading);
    }

    [Fact]
    public async Task An_event_of_a_closed_descriptor_does_not_reach_the_next_of_its_number()
    {
        Pair first = Open();
        Drain();
        first.Peer.Send("old"u8);
        Assert.True(_driver.Wait(10_000));
        first.Dispose();
        using Pair second = Open(); // as a rule of the same number, and in the same slot
        ValueTask<int> reading = second.Stream.ReadAsync(new byte[8], default);
        _driver.Dispatch();
        Assert.False(reading.IsCompleted);
        second.Peer.Send("new!"u8);
        while (!reading.IsCompleted)
        {
            Turn();
        }

        Assert.Equal(4, await reading);
    }

    [Fact]
    public async Task Closing_between_an_event_and_its_dispatch_fails_the_reader_once()
    {
        Pair pair = Open();
        ValueTask<int> reading = pair.Stream.ReadAsync(new byte[8], default);
        Drain();
        pair.Peer.Send("a"u8);
        Assert.True(_driver.Wait(10_000));
        pair.Dispose();
        _driver.Dispatch();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await reading);
        Assert.Equal(0, _driver.Registered);
    }

    [Fact]
    public async Task The_end_of_a_stream_is_read_again_and_again()
    {
        using Pair pair = Open();
        Drain();
        pair.Peer.Shutdown(SocketShutdown.Send);
        Turn();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, await pair.Stream.ReadAsync(new byte[8], default));
        }
    }

    [Fact]
    public async Task A_cancelled_read_has_taken_nothing()
    {
        using Pair pair = Open();
        Drain();
        using var source = new CancellationTokenSource();
        ValueTask<int> cancelled = pair.Stream.ReadAsync(new byte[8], source.Token);
        pair.Peer.Send("abc"u8);
        Assert.True(_driver.Wait(10_000));
        source.Cancel();
        _driver.Dispatch();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled);
        Assert.Equal(3, await pair.Stream.ReadAsync(new byte[8], default));
    }

    [Fact]
    public async Task Memory_that_is_not_there_any_more_harms_only_its_reader()
    {
        using Pair pair = Open();
        Drain();
        using var memory = new GoneMemory();
        ValueTask<int> reading = pair.Stream.ReadAsync(memory.Memory, default);
        pair.Peer.Send("abc"u8);
        Turn();
        await Assert.ThrowsAsync<OopsException>(async () => await reading);
        Assert.Equal(3, await pair.Stream.ReadAsync(new byte[8], default));
    }

    [Fact]
    public void A_wake_up_is_not_lost_and_many_are_one()
    {
        _driver.Wake();
        _driver.Wake();
        Assert.False(_driver.Wait(60_000));
        Assert.False(_driver.Wait(0));
    }

    [Fact]
    public unsafe void Waking_late_touches_no_descriptor_that_is_another_s()
    {
        var driver = new EpollDriver();
        driver.Dispose();

        // They get the numbers that have become free.
        int[] others = [.. Enumerable.Range(0, 4).Select(static _ => Libc.EventDescriptor(0, Libc.NonBlocking))];
        driver.Wake();
        foreach (int other in others)
        {
            var entry = new PollEntry { Descriptor = other, Events = Libc.PollInput };
            Assert.Equal(0, Libc.Poll(&entry, 1, 0));
            _ = Libc.Close(other);
        }
    }

    private void Turn()
    {
        if (_driver.Wait(10_000))
        {
            _driver.Dispatch();
        }
    }

    /// <summary>Dispatches what a new connection brings by itself.</summary>
    private void Drain()
    {
        while (_driver.Wait(20))
        {
            _driver.Dispatch();
        }
    }

    private static unsafe int Steal(int descriptor)
    {
        byte* buffer = stackalloc byte[8];
        return (int)Libc.Receive(descriptor, buffer, 8, 0);
    }

    private Pair Open()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(_listener.LocalEndPoint!);
        Socket accepted = _listener.Accept();
        accepted.Blocking = false;
        int descriptor = (int)accepted.Handle;
        accepted.SafeHandle.SetHandleAsInvalid(); // it is the driver's from here on
        return new Pair(EpollStream.Open(new EpollSocket(_driver, descriptor), connected: true), descriptor, peer);
    }

    private sealed record Pair(EpollStream Stream, int Descriptor, Socket Peer) : IDisposable
    {
        public void Dispose()
        {
            Stream.Dispose();
            Peer.Dispose();
        }
    }

    private sealed class GoneMemory : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(8);

        public override Span<byte> GetSpan() => throw new OopsException("gone");

        public override MemoryHandle Pin(int elementIndex = 0) => throw new OopsException("gone");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
