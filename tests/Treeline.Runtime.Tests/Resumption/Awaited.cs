namespace Treeline.Tests;

/// <summary>What is awaited: the rows of the table in docs/resumption.md.</summary>
public enum Awaited
{
    /// <summary>A wait of Treeline's.</summary>
    Message,
    MessageWithoutContext,

    /// <summary>A child, which waits for a message.</summary>
    Child,

    /// <summary>A method that is a fiber, and waits for a message.</summary>
    OtherFiber,
    Socket,
    SocketWithoutContext,
    FiberYield,
    TaskYield,

    /// <summary>A task that a foreign thread ends.</summary>
    ForeignTask,
    ForeignTaskWithoutContext,

    /// <summary>A task that is ended by code that runs in the same place.</summary>
    TaskEndedHereWithoutContext,
}
